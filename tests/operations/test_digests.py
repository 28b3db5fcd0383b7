"""Digests stay equal to a full recount, whatever changes come."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put, Remove
from reseller_webhooks.core.sync.digests import digest_of
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import ChangeRequest
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import digests, records

steps = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x", "y", None])), max_size=6),
    max_size=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=steps)
def test_a_digest_kept_up_is_the_one_counted_from_nothing(
    database: Database, reseller: Reseller, requests: list[list[tuple[str, str | None]]]
) -> None:
    for request in requests:
        some = tuple(_change(reseller, uuid, name) for uuid, name in request)
        changes.apply(database, [ChangeRequest(some)], public_url="https://p.example")

    with database.read() as tx:
        kept = digests.read(tx, Resource.COMPANY, reseller_id=reseller.id)
        pairs = [
            (found[0].uuid, found[0].version)
            for uuid in "abcdef"
            if (found := records.find(tx, Resource.COMPANY, uuid, reseller_id=reseller.id))
        ]
    assert kept == digest_of(pairs)
    assert kept.count == len(pairs)


def test_a_digest_does_not_depend_on_the_sequence() -> None:
    pairs = [(f"c{n}", n) for n in range(1000)]

    assert digest_of(pairs).text == digest_of(reversed(pairs)).text


def test_one_version_more_is_another_digest_in_one_bucket() -> None:
    one, other = digest_of([("a", 1), ("b", 1)]), digest_of([("a", 2), ("b", 1)])

    assert one.text != other.text
    assert sum(x != y for x, y in zip(one.buckets, other.buckets, strict=True)) == 1


def _change(reseller: Reseller, uuid: str, name: str | None) -> Change:
    content = read_content(Resource.COMPANY, uuid, {"name": name}) if name else None
    return Change(reseller.uuid, Resource.COMPANY, uuid, Put(content) if content else Remove())
