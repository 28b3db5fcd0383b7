"""How a record stands with each of 336 webhooks, compared with plain SQL."""

from collections import Counter
from typing import Any

from sqlalchemy import text

from reseller_webhooks.core.deliveries.delivery import AttemptResult, Delivery, State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.sync.sync_status import SyncStatus
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import record_history
from reseller_webhooks.operations.record_history import HistoryPage, RecordHistory
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, record_deliveries, results
from reseller_webhooks.store.records import events, records
from reseller_webhooks.store.webhooks import backfills, webhooks
from tests.store.factories import event, made, record, reseller, told, webhook

WEBHOOKS, VERSIONS, PAGE = 336, 4, 50
ADDED, REMOVED = frozenset({Action.ADDED}), frozenset({Action.REMOVED})
KINDS: dict[str, dict[str, Any]] = {
    "told": {},
    "untried": {},
    "gave up": {},
    "paused": {"state": "PAUSED"},
    "never matched": {"actions": REMOVED},
    "backfilled": {"actions": REMOVED},
    "latest state": {"mode": "LATEST_STATE"},
    "asks for less": {"actions": ADDED},
    "deleted": {},
}
STATES = """
SELECT w.uuid,
  coalesce((SELECT max(a.version) FROM attempt a WHERE a.webhook_id = w.id
    AND a.resource = 'COMPANY' AND a.resource_uuid = 'c1' AND a.state = 'DELIVERED'), 0),
  (SELECT max(d.version) FROM delivery d WHERE d.webhook_id = w.id
    AND d.resource = 'COMPANY' AND d.resource_uuid = 'c1'),
  (SELECT max(d.attempts) FROM delivery d WHERE d.webhook_id = w.id
    AND d.resource_uuid = 'c1' AND d.version = :newest),
  (SELECT max(a.version) FROM attempt a WHERE a.webhook_id = w.id
    AND a.resource = 'COMPANY' AND a.resource_uuid = 'c1' AND a.state = 'FAILED'),
  (SELECT max(a.version) FROM attempt a WHERE a.webhook_id = w.id
    AND a.resource = 'COMPANY' AND a.resource_uuid = 'c1'
    AND a.state IN ('CANCELLED', 'SUPERSEDED'))
FROM webhook w WHERE w.deleted_at IS NULL ORDER BY w.id
"""
COUNTS = """
SELECT version, count(*) FROM (
  SELECT version FROM delivery WHERE resource_uuid = 'c1'
  UNION ALL SELECT version FROM attempt WHERE resource_uuid = 'c1' AND state IS NOT NULL
) lines GROUP BY version
"""


def fill(tx: Tx) -> None:
    """A record of four versions; webhooks of every kind, which were told of each or not."""
    owner = reseller(tx)
    records.add(tx, [record(reseller_id=owner, version=VERSIONS)])
    kinds = list(KINDS)
    rows = {}
    for number in range(WEBHOOKS):
        kind = kinds[number % len(kinds)]
        url = f"https://receiver.example/{number}"
        rows[webhook(tx, reseller_id=owner, url=url, **KINDS[kind]).id] = kind
    for version in range(1, VERSIONS + 1):
        action = Action.ADDED if version == 1 else Action.CHANGED
        given = {"version": version, "action": action, "ticked": frozenset({action})}
        deliveries.supersede(tx, told(tx, event(reseller_id=owner, **given)))
    told(tx, event(reseller_id=owner, resource_uuid="other"))
    for number in (number for number, kind in rows.items() if kind == "backfilled"):
        again = event(reseller_id=owner, version=VERSIONS, ticked=frozenset())
        backfills.deliver(tx, number, 0, [(events.add(tx, [again])[0], again)])
    waiting = [one for _, one in deliveries.above(tx, 0, limit=10_000)]
    results.finish(tx, [done for one in waiting for done in _tried(one, rows[one.webhook_id])])
    for number in (number for number, kind in rows.items() if kind == "deleted"):
        webhooks.change(tx, number, deleted_at=tx.now)


def _tried(one: Delivery, kind: str) -> list[AttemptResult]:
    if kind == "paused" or (kind == "untried" and one.version > 1):
        return []
    if kind == "latest state":
        return [made(one, State.PENDING, next_at=1)]
    gave_up = kind == "gave up" and one.version > 1
    return [made(one, State.FAILED if gave_up else State.DELIVERED)]


def look(database: Database, **part: int) -> RecordHistory:
    return record_history.history(
        database, Resource.COMPANY, "c1", reseller_id=1, part=HistoryPage(webhooks=PAGE, **part)
    )


def all_pages(database: Database) -> list[record_history.WebhookRecordStatus]:
    first = look(database)
    pages = [look(database, skip=skip) for skip in range(PAGE, first.webhooks, PAGE)]
    return [one for page in (first, *pages) for one in page.stances]


def expected(row: Any) -> tuple[str, SyncStatus, int]:
    """What one row of STATES says."""
    uuid, accepted, pending, attempts, failed, stopped = row
    if accepted >= VERSIONS:
        return uuid, SyncStatus.IN_SYNC, accepted
    if pending and pending > accepted:
        return uuid, SyncStatus.TRYING if attempts else SyncStatus.WAITING, accepted
    if failed and failed > accepted:
        return uuid, SyncStatus.FAILED, accepted
    if stopped and stopped > accepted:
        return uuid, SyncStatus.STOPPED, accepted
    return uuid, SyncStatus.AS_ASKED if accepted else SyncStatus.NOT_TOLD, accepted


def test_every_webhook_has_the_state_that_plain_sql_says(database: Database) -> None:
    with database.write() as tx:
        fill(tx)
    with database.read() as tx:
        rows = tx.connection.execute(text(STATES), {"newest": VERSIONS}).all()
    stances = all_pages(database)

    assert [(one.webhook.uuid, one.stands.status, one.stands.accepted) for one in stances] == [
        expected(row) for row in rows
    ]
    seen = Counter(one.stands.status for one in stances)
    assert set(seen) == set(SyncStatus) - {SyncStatus.STOPPED}
    assert all(one.line.version == VERSIONS for one in stances if one.line)
    assert look(database).webhooks == len(stances)


def test_every_version_shows_its_newest_deliveries_and_how_many_more_there_are(
    database: Database,
) -> None:
    with database.write() as tx:
        fill(tx)
    with database.read() as tx:
        counts = dict(tx.connection.execute(text(COUNTS)).tuples().all())
    found = look(database).versions

    assert [one.event.version for one in found] == [4, 3, 2, 1]
    for one in found:
        assert {line.version for line in one.lines} == {one.event.version}
        assert (one.has_more, counts[one.event.version] > 100) == (True, True)
        assert (len(one.lines), one.left_out) == (10, 90)


def test_what_was_not_looked_at_is_said(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(record_deliveries, "EVENTS_AT_ONCE", (4,))
    monkeypatch.setattr(record_deliveries, "LINES_MAX", WEBHOOKS)
    with database.write() as tx:
        fill(tx)
    found = {kind_of(one.webhook): one for one in all_pages(database)}
    cut = {kind: one.cut_at for kind, one in found.items()}

    assert cut["told"] is cut["backfilled"] is None
    assert cut["asks for less"] == cut["never matched"] == cut["gave up"] == 2
    assert found["gave up"].stands.status is SyncStatus.FAILED


def kind_of(row: WebhookRow) -> str:
    return list(KINDS)[int(row.url.rpartition("/")[2]) % len(KINDS)]
