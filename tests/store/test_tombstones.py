"""Tombstones go in time, and a record that comes again has a version that was never sent."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, text, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put, Remove
from reseller_webhooks.core.sync.digests import digest_of
from reseller_webhooks.operations import changes, resellers, sync, tombstones
from reseller_webhooks.operations.changes import ChangeRequest, ChangeResult, ChangesAnswer
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.records import tombstones as store
from reseller_webhooks.store.tables import event, feature, record
from tests.store.ageing import age, drop

URL = "https://platform.example"


@pytest.fixture
def owner(database: Database) -> Reseller:
    return resellers.add(database, "Northwind")


def apply(
    database: Database, owner: Reseller, what: Put | Remove, *uuids: str
) -> list[ChangeResult]:
    some = tuple(Change(owner.uuid, Resource.COMPANY, uuid, what) for uuid in uuids)
    (answer,) = changes.apply(database, [ChangeRequest(some)], public_url=URL)
    assert isinstance(answer, ChangesAnswer), answer
    return list(answer.results)


def put(database: Database, owner: Reseller, name: str, *uuids: str) -> list[ChangeResult]:
    found = []
    for uuid in uuids:
        content = Put(read_content(Resource.COMPANY, uuid, {"name": name}))
        found += apply(database, owner, content, uuid)
    return found


def removed(database: Database, owner: Reseller, *uuids: str) -> None:
    """Records that were added, changed twice and removed, and another one after them."""
    for name in ("One", "Two", "Three"):
        put(database, owner, name, *uuids)
    apply(database, owner, Remove(), *uuids)
    put(database, owner, "Last", "last")


def held(database: Database, owner: Reseller) -> dict[str, int]:
    some = sync.snapshot(database, Resource.COMPANY, reseller_id=owner.id)
    return {one.uuid: one.version for one in some.records}


def test_a_record_that_comes_again_is_above_all_that_was_sent_of_it(
    database: Database, owner: Reseller
) -> None:
    other = resellers.add(database, "Southwind")
    removed(database, owner, "c1", "c2")
    put(database, owner, "More", "c2")
    apply(database, owner, Remove(), "c2")
    age(database)
    deleted = drop(database)
    again = put(database, owner, "Again", "c1", "c2", "new")
    theirs = put(database, other, "Theirs", "c1")
    changed = put(database, owner, "Changed", "c1", "last")

    assert deleted == 2
    assert [(one.action, one.version) for one in again] == [("ADDED", 7)] * 3
    assert [one.version for one in theirs] == [1]
    assert [one.version for one in changed] == [8, 2]


def test_the_digest_and_the_snapshot_have_what_is_left(database: Database, owner: Reseller) -> None:
    removed(database, owner, "c1", "c2", "c3")
    age(database)
    floor_before = sync.version_floor(database, reseller_id=owner.id)
    drop(database)
    left = held(database, owner)

    assert left == {"last": 1}
    assert sync.digest(database, Resource.COMPANY, reseller_id=owner.id) == digest_of(left.items())
    assert (floor_before, sync.version_floor(database, reseller_id=owner.id)) == (0, 5)


def test_a_tombstone_stays_while_anything_told_of_its_record_is_kept(
    database: Database, owner: Reseller
) -> None:
    removed(database, owner, "c1", "c2")
    age(database, with_events=False)
    kept = drop(database)
    with database.write() as tx:
        tx.connection.execute(delete(event).where(event.c.resource_uuid == "c2"))

    assert (kept, drop(database)) == (0, 1)
    assert held(database, owner) == {"c1": 4, "last": 1}


def test_a_young_one_stays_and_all_do_while_an_earlier_version_may_run(
    database: Database, owner: Reseller
) -> None:
    removed(database, owner, "c1")
    age(database, days=89)
    young = drop(database)
    age(database)
    with database.write() as tx:
        tx.connection.execute(update(feature).values(since=tx.now - 89 * DAY))

    assert (young, drop(database)) == (0, 0)


def test_the_newest_record_keeps_its_number(database: Database, owner: Reseller) -> None:
    removed(database, owner, "c1")
    apply(database, owner, Remove(), "last")
    age(database)

    assert drop(database) == 1
    assert held(database, owner) == {"last": 2}


def test_a_walk_goes_on_behind_the_last_one_it_saw(database: Database, owner: Reseller) -> None:
    removed(database, owner, *(f"c{n}" for n in range(5)))
    age(database)
    steps = []
    after: int | None = 0
    while after is not None:
        step = tombstones.drop(database, retention_days=90, after=after, limit=2)
        steps.append(step.deleted)
        after = step.passed

    assert steps == [2, 2, 1]


def test_a_change_that_waited_for_its_tombstone_to_go_begins_above_it(
    on_postgres: Database,
) -> None:
    owner = resellers.add(on_postgres, "Northwind")
    removed(on_postgres, owner, "c1")
    age(on_postgres)
    with ThreadPoolExecutor(1) as threads, on_postgres.write() as tx:
        some = store.lock(tx, list(tx.connection.execute(select(record.c.id)).scalars()), tx.now)
        feeding = threads.submit(put, on_postgres, owner, "Again", "c1")
        while not _waits_for_a_lock(tx):  # it has read its floor, 0, already
            assert not feeding.done(), "it did not wait"
        tombstones._leave_buckets(tx, some)
        store.remove(tx, some)
        tx.connection.commit()
        again = feeding.result(10)

    assert [(one.action, one.version) for one in again] == [("ADDED", 5)]


def _waits_for_a_lock(tx: Tx) -> bool:
    return bool(
        tx.connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar()
    )


def test_tombstones_are_found_by_their_own_index(database: Database, owner: Reseller) -> None:
    explain = "EXPLAIN" if database.url.startswith("postgresql") else "EXPLAIN QUERY PLAN"
    asked = "SELECT id, changed_at FROM record WHERE removed AND id > 1 ORDER BY id LIMIT 10"
    with database.write() as tx:
        if database.url.startswith("postgresql"):
            tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = tx.connection.execute(text(f"{explain} {asked}")).all()

    assert "ix_record_tombstone" in str(plan)
