"""Two processes that write the same at once: both are right in the end, on both databases."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.core.sync.digests import digest_of
from reseller_webhooks.operations import changes, resellers, sync
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import records
from tests.store import factories

ROUNDS = 5


def put(reseller: str, uuid: str, name: str) -> Change:
    content = read_content(Resource.COMPANY, uuid, {"name": name})
    return Change(reseller, Resource.COMPANY, uuid, Put(content))


def at_once(database: Database, *requests: ChangeRequest) -> list[ChangesAnswer]:
    """What each request comes to, when all begin together, each as in a process of its own."""
    together = Barrier(len(requests))

    def apply(request: ChangeRequest) -> Iterable[ChangesAnswer | ResellerWebhooksError]:
        another = Database(database.url)
        try:
            together.wait()
            return changes.apply(another, [request], public_url="https://platform.example")
        finally:
            another.close()

    with ThreadPoolExecutor(len(requests)) as threads:
        answers = [one for some in threads.map(apply, requests) for one in some]
    assert all(isinstance(one, ChangesAnswer) for one in answers), answers
    return [one for one in answers if isinstance(one, ChangesAnswer)]


def test_the_same_records_in_opposite_sequence_get_both_changes(database: Database) -> None:
    reseller = resellers.add(database, "R")
    for turn in range(ROUNDS):
        names = [f"c{turn}-{number}" for number in range(40)]
        one = tuple(put(reseller.uuid, name, "one") for name in names)
        two = tuple(put(reseller.uuid, name, "two") for name in reversed(names))

        first, second = at_once(database, ChangeRequest(one), ChangeRequest(two))

        versions = {(r.uuid, r.version) for answer in (first, second) for r in answer.results}
        assert versions == {(name, version) for name in names for version in (1, 2)}
    digest = sync.digest(database, Resource.COMPANY, reseller_id=reseller.id)
    assert digest == digest_of((f"c{turn}-{n}", 2) for turn in range(ROUNDS) for n in range(40))


def test_the_same_request_at_two_processes_is_applied_once(database: Database) -> None:
    reseller = resellers.add(database, "R")
    for turn in range(ROUNDS):
        request = ChangeRequest(
            (put(reseller.uuid, f"c{turn}", "once"),), key=f"key{turn}", fingerprint="f"
        )

        first, second = at_once(database, request, request)

        assert first.results == second.results
        assert {first.replayed, second.replayed} == {True, False}


@pytest.mark.parametrize("rows", [1, 40, 400])
def test_a_collision_of_many_rows_may_be_tried_again_at_once(database: Database, rows: int) -> None:
    owner = resellers.add(database, "R").id
    some = [factories.record(reseller_id=owner, uuid=f"c{number}") for number in range(rows)]
    with database.write() as tx:
        records.add(tx, some)
    with pytest.raises(Unavailable) as raised, database.write() as tx:
        records.add(tx, some)

    assert raised.value.collided
