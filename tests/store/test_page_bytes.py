"""Bulk reads of contents end where those have too many bytes, and go on from there."""

import tracemalloc
from collections import Counter
from itertools import chain

import pytest
from sqlalchemy import text

from reseller_webhooks.core.deliveries.attempts import RESPONSE_BYTES_READ
from reseller_webhooks.core.deliveries.delivery import FIRST, ScanRequest
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.core.sync.backfills import STEP_MAX, BackfillState
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.operations import (
    backfills,
    deliveries,
    delivery_queue,
    exports,
    record_history,
)
from reseller_webhooks.operations import records as reading
from reseller_webhooks.operations.record_history import HistoryPage
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.page_bytes import BYTES_MAX
from reseller_webhooks.store.deliveries import log
from reseller_webhooks.store.records import events, records
from tests.store import factories

CONTENT_BYTES = 200_000
ON_A_PAGE = BYTES_MAX // CONTENT_BYTES
MANY = 3 * ON_A_PAGE
LARGE = '{"name":"' + "x" * CONTENT_BYTES + '"}'
RESELLERS = 12
LINES = 500
CLOSED = """
INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,
  resource_uuid, version, number, at, ms, detail, response, state, created_at)
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :lines)
SELECT n, 1, 1, 1, 'COMPANY', 'CHANGED', 'c1', 1, 1, n, 5, '', :response, 'FAILED', n FROM n
"""


def with_versions(database: Database) -> int:
    """A reseller's record with many large versions."""
    with database.write() as tx:
        owner = factories.reseller(tx)
        records.add(tx, [factories.record(reseller_id=owner, version=MANY, content=LARGE)])
        many = (factories.event(reseller_id=owner, version=n + 1, body=LARGE) for n in range(MANY))
        events.add(tx, list(many))
    return owner


def test_the_page_of_a_record_shows_fewer_versions_where_they_are_large(
    database: Database,
) -> None:
    owner = with_versions(database)
    shown, before = list[list[int]](), None
    while True:
        look = record_history.history(
            database,
            Resource.COMPANY,
            "c1",
            reseller_id=owner,
            part=HistoryPage(before, versions=MANY),
        )
        shown.append([one.event.version for one in look.versions])
        if (before := look.older) is None:
            break
        assert all(one.before for one in look.versions)

    assert [*chain(*shown)] == list(range(MANY, 0, -1))
    assert max(map(len, shown)) < ON_A_PAGE


def test_a_page_of_the_export_has_fewer_events_where_they_are_large(database: Database) -> None:
    with_versions(database)
    upto, after, pages = exports.newest(database), 0, list[int]()
    while page := exports.between(database, after, upto, limit=MANY):
        after = page[-1].number
        pages.append(len(page))

    assert sum(pages) == MANY
    assert max(pages) == ON_A_PAGE


def test_a_step_of_a_backfill_tells_of_fewer_records_where_they_are_large(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = factories.reseller(tx)
        hook = factories.webhook(tx, reseller_id=owner)
        large = (
            factories.record(reseller_id=owner, uuid=f"c{n}", content=LARGE) for n in range(MANY)
        )
        records.add(tx, list(large))
    backfills.begin(database, owner, hook.uuid, rate=STEP_MAX)
    made = list[int]()
    while backfills.get(database, owner, hook.uuid).state is BackfillState.RUNNING:
        with database.write() as tx:
            tx.connection.execute(text("UPDATE backfill SET next_at = 0"))
        step = backfills.step(database, public_url="https://platform.example")
        made.append(step.made if step else 0)

    assert sum(made) == MANY
    assert max(made) == ON_A_PAGE


def test_large_contents_of_locked_records_are_read_one_by_one(database: Database) -> None:
    with database.write() as tx:
        owner = factories.reseller(tx)
        large = [
            factories.record(reseller_id=owner, uuid=f"c{n}", content=LARGE) for n in range(MANY)
        ]
        records.add(tx, [*large, factories.record(reseller_id=owner, uuid="small", content="{}")])
    keys = {records.key(one) for one in large}
    small = RecordKey("small", Resource.COMPANY, owner)
    with database.write() as tx:
        tracemalloc.start()
        try:
            found = records.find_many(tx, keys | {small})
            contents = Counter(one.content for key in found if (one := found[key]))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert contents == {LARGE: MANY, "{}": 1}
    assert peak < MANY * CONTENT_BYTES / 3


def test_a_scan_ends_before_bodies_that_are_too_large_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BODIES_MAX", BYTES_MAX)
    with database.write() as tx:
        owner = factories.reseller(tx)
        number = factories.webhook(tx, reseller_id=owner).id
        many = [factories.event(reseller_id=owner, version=n + 1, body=LARGE) for n in range(MANY)]
        factories.told(tx, *many)
    sizes, after, found = list[int](), FIRST, set[int]()
    for _ in range(MANY):
        ask = ScanRequest(number, heads_only=False, limit=MANY, held=frozenset(), after=after)
        (scanned,) = delivery_queue.scan(database, [ask])
        sizes.append(len(scanned.due))
        found |= {one.delivery.id for one in scanned.due}
        after = scanned.upto
        if not scanned.more:
            break
    new = delivery_queue.new_deliveries(database, 0, parts=range(PARTS))

    assert len(found) == sum(sizes) == MANY
    assert max(sizes) == ON_A_PAGE + 1
    assert len(new.due) == ON_A_PAGE + 1
    assert new.dirty == [number]


def test_few_of_the_records_with_the_same_id_are_read(database: Database) -> None:
    with database.write() as tx:
        owners = [factories.reseller(tx, f"R{number}") for number in range(RESELLERS)]
        records.add(tx, [factories.record(reseller_id=one, content=LARGE) for one in owners])
        found = records.find(tx, Resource.COMPANY, "c1", reseller_id=None)

    assert len(found) < ON_A_PAGE
    with pytest.raises(Conflict, match="more than one reseller has"):
        reading.get(database, Resource.COMPANY, "c1", reseller_id=None)


def test_lines_of_the_log_are_read_without_the_answers_of_receivers(database: Database) -> None:
    given = {"lines": LINES, "response": "x" * RESPONSE_BYTES_READ}
    with database.write() as tx:
        tx.connection.execute(text(CLOSED), given)
    with database.read() as tx:
        tracemalloc.start()
        try:
            lines = log.page(tx, LogQuery(1, limit=LINES))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert len(lines) == LINES
    assert peak < LINES * RESPONSE_BYTES_READ / 4


def test_so_many_deliveries_of_an_event_are_read_and_no_more(database: Database) -> None:
    with database.write() as tx:
        owner = factories.reseller(tx)
        for number in range(4):
            factories.webhook(tx, reseller_id=owner, url=f"https://receiver.example/{number}")
        one, other = factories.event(version=1), factories.event(version=2)
        factories.told(tx, one, other)
    found = deliveries.of_event(database, one, limit=3)

    assert [entry.event for entry in found] == [one.uuid] * 3
    assert len({entry.webhook for entry in found}) == 3
