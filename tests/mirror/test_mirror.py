"""Whatever is dropped, doubled or reordered, a mirror that reconciles ends equal."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select

from reseller_mirror.digest import Digest, bucket_of, digest_of
from reseller_mirror.mirror import TABLES, Held, Mirror, connect
from reseller_mirror.notification import Notification, read
from reseller_mirror.reconcile import compare, reconcile
from reseller_mirror.tables import metadata
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import examples
from reseller_webhooks.core.sync import digests


@pytest.fixture(params=["sqlite", "postgres"])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mirror]:
    """An empty mirror."""
    if request.param == "sqlite":
        held = Mirror(connect(f"sqlite:///{tmp_path}/mirror.db"))
    else:
        url = request.getfixturevalue("postgres").replace("://", "+psycopg://", 1)
        held = Mirror(connect(url))
        metadata.drop_all(held.engine)
    held.create()
    yield held
    held.engine.dispose()


def test_a_new_mirror_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "mirror.db"
    held = Mirror(connect(f"sqlite:///{file}"))
    held.create()
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    held.engine.dispose()

    assert "mirror.db" in modes
    assert set(modes.values()) == {0o600}


def mirror(path: str = ":memory:") -> Mirror:
    one = Mirror(create_engine(f"sqlite:///{path}"))
    one.create()
    return one


def told(uuid: str, version: int, content: dict[str, Any] | None) -> Notification:
    action = "REMOVED" if content is None else "CHANGED"
    return Notification(f"e{version}", 1, "COMPANY", uuid, action, version, None, content, ())


def rows(one: Mirror) -> dict[str, Any]:
    table = TABLES["COMPANY"]
    with one.engine.connect() as connection:
        found = connection.execute(select(table.c.uuid, table.c.version, table.c.content))
        return {
            uuid: (version, content and json.loads(content)) for uuid, version, content in found
        }


def test_a_newer_version_is_applied_and_an_older_one_dropped(one: Mirror) -> None:
    applied = [one.apply(told("c1", v, {"name": f"v{v}"})) for v in (2, 1, 2, 3)]

    assert applied == [True, False, False, True]
    assert rows(one) == {"c1": (3, {"name": "v3"})}


def test_a_removal_leaves_a_tombstone_that_older_versions_do_not_wake(one: Mirror) -> None:
    one.apply(told("c1", 2, None))

    assert not one.apply(told("c1", 1, {"name": "late"}))
    assert rows(one) == {"c1": (2, None)}


def test_common_fields_have_columns_of_their_own_type(one: Mirror) -> None:
    content = {"status": "PAID", "total": 9.5, "dueDate": 1534465177000, "referenceNumber": 7}
    one.keep("INVOICE", [Held("20", 1, content)])
    c = TABLES["INVOICE"].c

    with one.engine.connect() as connection:
        found = connection.execute(select(c.status, c.total, c.due_ms, c.number)).one()
    assert tuple(found) == ("PAID", 9.5, 1534465177000, None)


def test_text_that_a_database_cannot_hold_does_not_stop_the_mirror(one: Mirror) -> None:
    content = {"name": "a\0b\ud800", "creationDate": 10**30}
    one.apply(told("c1", 1, content))

    assert rows(one) == {"c1": (1, content)}


def test_an_assignment_on_its_way_out_counts_as_removed_however_one_heard_of_it(
    one: Mirror,
) -> None:
    leaving = Held("a1", 2, {"status": "PENDING_REMOTE_CANCELLATION"})
    one.keep("APP_ASSIGNMENT", [leaving, Held("a2", 1, {"status": "ACTIVE"})])

    assert one.held("APP_ASSIGNMENT", ["a1"]) == {"a1": Held("a1", 2, None)}
    assert one.keep("APP_ASSIGNMENT", [Held("a1", 3, {"status": "ACTIVE"})]) == 1
    assert one.held("APP_ASSIGNMENT", ["a1"])["a1"].content == {"status": "ACTIVE"}


def test_notifications_are_applied_all_or_none(one: Mirror) -> None:
    broken = replace(told("c2", 1, {}), resource="NONSENSE")
    with pytest.raises(KeyError):
        one.apply_all([told("c1", 1, {"name": "a"}), broken])

    assert rows(one) == {}


def test_records_that_the_platform_does_not_have_are_forgotten(one: Mirror) -> None:
    one.keep("COMPANY", [Held(f"c{n}", 1, {}) for n in range(5)])
    number = bucket_of("c1")

    assert one.forget_others("COMPANY", number, ["c1"]) == 0
    assert one.forget_others("COMPANY", None, ["c1", "c2"]) == 3
    assert set(rows(one)) == {"c1", "c2"}


pairs = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 10**6), max_size=50)


@given(pairs)
def test_both_sides_compute_the_same_digest(given: dict[str, int]) -> None:
    ours, theirs = digest_of(given.items()), digests.digest_of(given.items())

    assert (ours.count, ours.value) == (theirs.count, theirs.text)
    assert ours.buckets == tuple(bucket.text for bucket in theirs.buckets)


class Platform:
    """What the platform holds of one type, as `Source` tells it."""

    def __init__(self, records: list[Held], floor: int = 0) -> None:
        self._records, self._floor = records, floor

    def digest(self, _: str) -> Digest:
        digest = digest_of((one.uuid, one.version) for one in self._records)
        return replace(digest, floor=self._floor)

    def records(self, _: str, bucket: int | None = None) -> Iterator[list[Held]]:
        yield [one for one in self._records if bucket in {None, bucket_of(one.uuid)}]


class Late:
    """A platform whose first walk misses what its second has."""

    def __init__(self, *stages: Platform) -> None:
        self._stages = list(stages)

    def digest(self, resource: str) -> Digest:
        return self._stages[0].digest(resource)

    def records(self, resource: str, bucket: int | None = None) -> Iterator[list[Held]]:
        stage = self._stages.pop(0) if len(self._stages) > 1 else self._stages[0]
        return stage.records(resource, bucket)


histories = st.dictionaries(
    st.sampled_from([f"c{n}" for n in range(8)]),
    st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=5),
)


@given(
    st.sampled_from(sorted(TABLES)), histories, st.randoms(use_true_random=False), st.floats(0, 1)
)
def test_any_permutation_with_losses_and_repeats_then_reconciled_ends_equal(
    resource: str, history: dict[str, list[str | None]], chance: random.Random, loss: float
) -> None:
    sent = [
        replace(told(uuid, version, None if name is None else {"name": name}), resource=resource)
        for uuid, names in history.items()
        for version, name in enumerate(names, 1)
    ]
    arriving = [one for one in sent * 2 if chance.random() > loss]
    chance.shuffle(arriving)
    held = [
        Held(uuid, len(names), None if names[-1] is None else {"name": names[-1]})
        for uuid, names in history.items()
    ]
    one, platform = mirror(), Platform(held)
    for notification in arriving:
        one.apply(notification)

    outcome = reconcile(one, platform, resource)

    assert outcome.equal
    assert one.digest(resource) == platform.digest(resource)
    assert one.held(resource, history) == {record.uuid: record for record in held}
    assert compare(one, platform, resource).equal


def test_a_mirror_that_holds_what_the_platform_never_had_ends_equal() -> None:
    one, platform = mirror(), Platform([Held("c1", 2, {"name": "a"})])
    one.keep("COMPANY", [Held("c1", 7, {"name": "from a lost future"}), Held("c9", 1, {})])

    assert not compare(one, platform, "COMPANY").equal
    assert reconcile(one, platform, "COMPANY").equal
    assert rows(one) == {"c1": (2, {"name": "a"})}


class Asked(Platform):
    """A platform that remembers which buckets were asked for."""

    def __init__(self, records: list[Held]) -> None:
        super().__init__(records)
        self.asked: list[int | None] = []
        self._buckets: dict[int | None, list[Held]] = {None: records}
        for one in records:
            self._buckets.setdefault(bucket_of(one.uuid), []).append(one)

    def records(self, _: str, bucket: int | None = None) -> Iterator[list[Held]]:
        self.asked.append(bucket)
        yield self._buckets[bucket]


@pytest.mark.parametrize(
    ("count", "differing", "is_walk"), [(3_000, 100, False), (400, 3, False), (400, 100, True)]
)
def test_buckets_are_fetched_one_by_one_while_that_is_cheaper(
    monkeypatch: pytest.MonkeyPatch, count: int, differing: int, is_walk: bool
) -> None:
    for name in ("PAGE", "REQUEST_COSTS"):  # a tenth of what they are, as of the records
        monkeypatch.setattr(f"reseller_mirror.reconcile.{name}", 50)
    records = [Held(f"c{number}", 2, {}) for number in range(count)]
    one, platform = mirror(), Asked(records)
    one.keep("COMPANY", [*records[differing:], *(Held(f"c{n}", 1, {}) for n in range(differing))])
    outcome = reconcile(one, platform, "COMPANY")

    assert (outcome.equal, outcome.written) == (True, differing)
    assert (platform.asked == [None]) == is_walk


def test_what_another_process_writes_meanwhile_is_not_overwritten(one: Mirror) -> None:
    newer = [told("c2", 5, {"name": "five"})]

    def apply_newer(*given: Any) -> None:
        if given[2].startswith("INSERT") and newer:
            one.apply(newer.pop())

    event.listen(one.engine, "before_cursor_execute", apply_newer)
    one.keep("COMPANY", [Held(f"c{number}", 3, {"name": "three"}) for number in (1, 2, 3)])
    versions = {uuid: version for uuid, (version, _) in rows(one).items()}

    assert versions == {"c1": 3, "c2": 5, "c3": 3}


def test_of_one_record_twice_in_a_page_the_newest_is_kept(one: Mirror) -> None:
    one.keep("COMPANY", [Held("c1", 2, {"name": "two"}), Held("c1", 1, {"name": "one"})])

    assert rows(one) == {"c1": (2, {"name": "two"})}


def test_after_a_restore_one_round_drops_what_the_platform_has_lost() -> None:
    held = [Held("c1", 100, {"name": "a"}), Held("c2", 101, {})]
    one = mirror()
    one.keep("COMPANY", [Held("c1", 7, {"name": "from a lost future"}), Held("c9", 99, {})])
    one.keep("COMPANY", [Held("c5", 101, {"name": "new, and told before the walk saw it"})])
    with_all = Platform([*held, Held("c5", 101, {})], floor=100)
    outcome = reconcile(one, Late(Platform(held, floor=100), with_all), "COMPANY")

    assert (outcome.equal, outcome.written) == (True, 3)
    assert set(rows(one)) == {"c1", "c2", "c5"}


@pytest.mark.parametrize("even_if_older", [False, True])
def test_a_platform_that_has_gone_back_is_followed_only_when_asked(even_if_older: bool) -> None:
    one = mirror()
    one.apply(told("c1", 5, {"name": "five"}))
    one.keep("COMPANY", [Held("c1", 3, {"name": "three"})], even_if_older=even_if_older)

    assert one.version("COMPANY", "c1") == (3 if even_if_older else 5)


def test_a_test_notification_is_taken_and_leaves_nothing_behind(one: Mirror) -> None:
    body = examples.notification(Resource.COMPANY, "https://platform.example", str(uuid4()), 1)
    taken = one.apply(read(body.encode()))

    assert not taken
    assert one.count("COMPANY") == 0
