"""Backfills: begin one, see how far it is, cancel it, and take it a step on."""

from contextlib import suppress
from dataclasses import dataclass, replace

from reseller_webhooks import crypto
from reseller_webhooks.clock import SECOND, monotonic_s
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.enums import Action
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.messages.webhooks import BACKFILL_NOT_RUNNING
from reseller_webhooks.core.records.changes import EventContext
from reseller_webhooks.core.records.events import CHANCE_BYTES, Event, event_uuid
from reseller_webhooks.core.records.generations import lift
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.step_size import STEP_S, target_s
from reseller_webhooks.core.sync.backfills import (
    RATE,
    STEP_MAX,
    Backfill,
    BackfillState,
    BackfillTarget,
    check,
    ending,
    is_included,
    restate,
)
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations.audit import webhook_subject
from reseller_webhooks.operations.generations import notice_promotion
from reseller_webhooks.operations.quotas import check_backfill
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.shared_horizon import SettledHorizon
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.records import events, generations
from reseller_webhooks.store.webhooks import backfills, webhooks
from reseller_webhooks.store.webhooks.backfills import Next

COUNTED_MAX = 2_000
"""More than these are only known to be more, where a page asks each time it is shown."""
AGAIN = SECOND // 10
"""Pause while another transaction changes the next record, which takes it a moment."""


@dataclass(frozen=True, slots=True)
class BackfillPreview:
    """The webhook's newest backfill if any, and how many records a new one would send.

    is_more: whether there may be more than `count`. While one is running nothing is counted.
    """

    newest: Backfill | None
    count: int = 0
    is_more: bool = False


def begin(
    database: Database,
    reseller_id: int,
    uuid: str,
    *,
    rate: int = RATE,
    with_removed: bool = False,
    limit: int | None = None,
) -> Backfill:
    """Begin to send the current state of every record that the webhook is about.

    rate: records a second. with_removed: send tombstones too. Conflict while one is running;
    Invalid when the webhook has not ticked what the notifications would say; QuotaExceeded when
    it would send more than `limit` records.
    """
    with database.read() as tx:
        row = _webhook(tx, reseller_id, uuid)
        check(row.actions, with_removed=with_removed)
        # Counting a million records takes a while, in which the writer is free.
        total = backfills.count(
            tx, row.resource, reseller_id=reseller_id, with_removed=with_removed
        )
    check_backfill(total, limit)
    with database.write() as tx:
        begun = _new_backfill(tx, row, rate=rate, with_removed=with_removed, total=total)
        backfills.begin(tx, begun)
        asked = {"rate": rate, "removed": with_removed}
        audit.write(tx, Act.WEBHOOK_BACKFILL_BEGUN, webhook_subject(row), asked)
        return begun


def _new_backfill(
    tx: Tx, row: WebhookRow, *, rate: int, with_removed: bool, total: int
) -> Backfill:
    return Backfill(
        webhook_id=row.id,
        resource=row.resource,
        state=BackfillState.RUNNING,
        rate=rate,
        with_removed=with_removed,
        total=total,
        sent=0,
        passed=0,
        last=horizon.last_number(tx, "record"),
        started_at=tx.now,
        next_at=tx.now,
        finished_at=None,
    )


def begin_all(database: Database, *, rate: int = RATE) -> int:
    """Begin a backfill of each webhook that can have one; how many were begun.

    It includes tombstones where the webhook has Deleted ticked. A running backfill goes on.
    """
    with database.read() as tx:
        some = [row for row in webhooks.every(tx) if is_included(row.actions)]
    return sum(_begin_unless_running(database, row, rate) for row in some)


def _begin_unless_running(database: Database, row: WebhookRow, rate: int) -> bool:
    with_removed = Action.REMOVED in row.actions
    with suppress(Conflict):
        begin(database, row.reseller_id, row.uuid, rate=rate, with_removed=with_removed)
        return True
    return False


def get(database: Database, reseller_id: int, uuid: str) -> Backfill:
    """The webhook's newest backfill; NotFound when it never had one."""
    with database.read() as tx:
        return _newest(tx, _webhook(tx, reseller_id, uuid))


def preview(database: Database, row: WebhookRow) -> BackfillPreview:
    """The newest backfill and the records that another would send, for the webhook's page."""
    with database.read() as tx:
        newest = backfills.newest(tx, row.id)
        if newest and newest.state is BackfillState.RUNNING:
            return BackfillPreview(newest)
        count = backfills.estimate(tx, row.resource, reseller_id=row.reseller_id, limit=COUNTED_MAX)
        return BackfillPreview(newest, *count)


def cancel(database: Database, reseller_id: int, uuid: str) -> Backfill:
    """Cancel a backfill; deliveries that were made still go out. Conflict when it is finished."""
    with database.write() as tx:
        row = _webhook(tx, reseller_id, uuid)
        if not backfills.end(tx, _newest(tx, row), BackfillState.CANCELLED):
            raise Conflict(BACKFILL_NOT_RUNNING())
        audit.write(tx, Act.WEBHOOK_BACKFILL_CANCELLED, webhook_subject(row))
        return _newest(tx, row)


def is_due(database: Database) -> bool:
    """True if a step of a backfill is due; reads without a lock."""
    with database.read() as tx:
        return backfills.is_due(tx)


@dataclass(frozen=True, slots=True)
class BackfillStep:
    """The result of a step: records that it handled, and deliveries that it made.

    took_s: without waiting for the store's writer. statements_s: of this, without the commit.
    target_s: how long the statements should take.
    """

    records: int
    made: int
    took_s: float = 0.0
    statements_s: float = 0.0
    target_s: float = STEP_S


def step(database: Database, *, public_url: str, limit: int = STEP_MAX) -> BackfillStep | None:
    """Take the backfill that is due first a step on: one second's worth of records, or fewer.

    limit: records at most. None when no step is due, or another worker takes it.
    """
    notice_promotion(database)
    with database.write() as tx:
        began_s = monotonic_s()
        floor = generations.current(tx).floor  # first: a restore waits for who has read it
        found = backfills.due(tx)
        if found is None:
            return None
        settled = horizon.settled(database, tx, "record")
        records, made = _step(tx, *found, public_url, floor, settled, limit)
        statements_s = monotonic_s() - began_s
    wanted_s = target_s(has_one_writer=database.has_one_writer)
    return BackfillStep(records, made, monotonic_s() - began_s, statements_s, wanted_s)


def _step(  # noqa: PLR0917 - each is of another kind
    tx: Tx,
    one: Backfill,
    target: BackfillTarget,
    public_url: str,
    floor: int,
    settled: SettledHorizon,
    limit: int,
) -> tuple[int, int]:
    """Run a step; returns the records that it handled, and the deliveries that it made."""
    if message := ending(one, target):
        backfills.end(tx, one, BackfillState.CANCELLED, message)
        return 0, 0
    if backfills.due_deliveries(tx, one.webhook_id, limit=one.ahead_max) == one.ahead_max:
        backfills.move(tx, one, passed=one.passed, sent=one.sent, next_at=tx.now + SECOND)
        return 0, 0
    following = backfills.following(tx, one, target.reseller_id, settled, step=one.step(limit))
    records = [_lifted(record, floor) for record in following.records]
    made = _restate(tx, one, target, records, public_url)
    _deliver(tx, one, target, made)
    _note(tx, one, following)
    return len(records), len(made)


def _lifted(record: Record, floor: int) -> Record:
    version = lift(record.version, floor)
    return record if version == record.version else replace(record, version=version)


def _restate(
    tx: Tx, one: Backfill, target: BackfillTarget, records: list[Record], public_url: str
) -> list[Event]:
    # What is on its way already tells the same state or a newer one.
    under_way = backfills.under_way(tx, one.webhook_id, [record.uuid for record in records])
    some = (
        restate(record, target.actions, _stamp(tx, public_url), with_removed=one.with_removed)
        for record in records
        if record.version > under_way.get(record.uuid, 0)
    )
    return [event for event in some if event]


def _deliver(tx: Tx, one: Backfill, target: BackfillTarget, made: list[Event]) -> None:
    numbers = events.add(tx, made)
    backfills.deliver(tx, one.webhook_id, target.part, list(zip(numbers, made, strict=True)))
    deliveries.supersede(tx, numbers)


def _note(tx: Tx, one: Backfill, following: Next) -> None:
    count = len(following.records)
    stuck = following.passed == one.passed
    wait = AGAIN if stuck else SECOND * count // one.rate
    # After a standstill it makes up for a second at most.
    next_at = max(one.next_at, tx.now - SECOND) + wait
    backfills.move(tx, one, passed=following.passed, sent=one.sent + count, next_at=next_at)
    if following.is_end:
        backfills.end(tx, one, BackfillState.DONE)


def _stamp(tx: Tx, public_url: str) -> EventContext:
    return EventContext(tx.now, event_uuid(tx.now, crypto.random_bytes(CHANCE_BYTES)), public_url)


def _webhook(tx: Tx, reseller_id: int, uuid: str) -> WebhookRow:
    row = webhooks.by_uuid(tx, uuid, reseller_id=reseller_id)
    if row is None:
        raise NotFound("webhook", uuid)
    return row


def _newest(tx: Tx, row: WebhookRow) -> Backfill:
    newest = backfills.newest(tx, row.id)
    if newest is None:
        raise NotFound("backfill of the webhook", row.uuid)
    return newest
