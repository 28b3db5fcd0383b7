"""Backfills: where each stands, and the deliveries that a step makes.

Whoever has locked the row of a backfill takes its step, so two workers never take the same one.
The position moves in the transaction that makes the deliveries, so a kill loses none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from sqlalchemy import ColumnElement, RowMapping, case, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.enums import Resource, from_mask
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.webhooks import BACKFILL_RUNNING
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.sync.backfills import Backfill, BackfillState, BackfillTarget
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.store.db import bulk_write, messages, page_bytes
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import number_in, text_in
from reseller_webhooks.store.db.shared_horizon import SettledHorizon
from reseller_webhooks.store.tables import (
    any_attempts,
    backfill,
    delivery,
    pending_fan_out,
    record,
    webhook,
)

CHUNK = 500
LOOKED_AT = 1_000
"""Records that a step may find removed, before the next one goes on; it is to stay short."""


def begin(tx: Tx, one: Backfill) -> None:
    """Write a new one down over the webhook's last. Conflict while that is running."""
    columns = _columns(one)
    ended = (backfill.c.webhook_id == one.webhook_id) & (backfill.c.state != _RUNNING)
    if tx.connection.execute(update(backfill).where(ended).values(columns)).rowcount:
        return
    try:
        tx.connection.execute(insert(backfill).values(columns))
    except IntegrityError:
        raise Conflict(BACKFILL_RUNNING()) from None


def newest(tx: Tx, webhook_id: int) -> Backfill | None:
    """The webhook's newest backfill."""
    statement = select(backfill).where(backfill.c.webhook_id == webhook_id)
    row = tx.connection.execute(statement).mappings().first()
    return from_row(row) if row else None


def is_due(tx: Tx) -> bool:
    """True if a step of a backfill is due."""
    statement = select(backfill.c.webhook_id).join_from(backfill, webhook).where(*_due(tx.now))
    return tx.connection.execute(statement.limit(1)).first() is not None


def due(tx: Tx) -> tuple[Backfill, BackfillTarget] | None:
    """The backfill whose step is due first, locked, and its webhook.

    None is due while its webhook does not send: paused, or with an open circuit.
    """
    statement = (
        select(backfill, *_TARGET)
        .join_from(backfill, webhook)
        .where(*_due(tx.now))
        .order_by(backfill.c.next_at)
        .limit(1)
        .with_for_update(of=backfill, skip_locked=True)
    )
    row = tx.connection.execute(statement).mappings().first()
    return (from_row(row), _target(row)) if row else None


def restart(tx: Tx) -> None:
    """Restart running backfills, which have sent records with lower versions."""
    running = update(backfill).where(backfill.c.state == _RUNNING)
    tx.connection.execute(running.values(passed=0, sent=0))


def move(tx: Tx, one: Backfill, *, passed: int, sent: int, next_at: Micros) -> None:
    """Note the progress of a backfill, and when its next step is due."""
    _change(tx, one, passed=passed, sent=sent, next_at=next_at)


def end(tx: Tx, one: Backfill, state: BackfillState, message: Message | None = None) -> bool:
    """End one that is running; whether it was."""
    return _change(tx, one, state=state.value, finished_at=tx.now, **_of_message(message))


def count(tx: Tx, resource: Resource, *, reseller_id: int, with_removed: bool) -> int:
    """Number of records that a backfill has to send, as they are now."""
    given = _where(reseller_id, resource)
    wanted = given if with_removed else [*given, record.c.removed.is_(False)]
    return tx.connection.execute(select(func.count()).where(*wanted)).scalar_one()


def estimate(tx: Tx, resource: Resource, *, reseller_id: int, limit: int) -> tuple[int, bool]:
    """Number of live records among the first `limit`, and whether more records exist."""
    some = (
        select(record.c.removed).where(*_where(reseller_id, resource)).limit(limit + 1).subquery()
    )
    live = func.coalesce(func.sum(case((some.c.removed, 0), else_=1)), 0)
    found, seen = tx.connection.execute(select(live, func.count()).select_from(some)).one()
    return found, seen > limit


@dataclass(frozen=True, slots=True)
class Next:
    """The records of a step, locked against changes, and the last record that the step passes."""

    records: list[Record]
    passed: int
    is_end: bool


def following(
    tx: Tx, one: Backfill, reseller_id: int, settled: SettledHorizon, *, step: int
) -> Next:
    """The next records, `step` at most; they may be few where nearly all that follows is removed.

    settled: of records; a step goes no further. A record that is committed late was perhaps added
    before the webhook, so that nothing else tells of it.

    One that somebody is just changing is not waited for, as they may wait for another of these:
    the records end before it, and the next step finds it changed. They end, too, before one with
    an earlier event that has a pending fan-out (store/deliveries/fan_out.py): it would overtake it.
    """
    limit = step + LOOKED_AT
    upto = settled.within(one.last)
    statement = (
        select(record.c.id, record.c.removed)
        .where(*_where(reseller_id, one.resource), record.c.id.between(one.passed + 1, upto))
        .order_by(record.c.id)
        .limit(limit)
    )
    seen = tx.connection.execute(statement).tuples().all()
    every = [number for number, removed in seen if one.with_removed or not removed]
    wanted = _bounded(tx, every[:step])
    locked = _locked(tx, wanted)
    held = list(takewhile(locked.__contains__, wanted))
    records = [locked[number] for number in held]
    if len(held) < len(every):
        return Next(records, passed=held[-1] if held else one.passed, is_end=False)
    is_end = len(seen) < limit and upto == one.last
    return Next(records, passed=seen[-1][0] if seen else one.passed, is_end=is_end)


def under_way(tx: Tx, webhook_id: int, uuids: Collection[str]) -> dict[str, int]:
    """The newest version of each record that is on its way to the webhook already."""
    found: dict[str, int] = {}
    some = list(uuids)
    for start in range(0, len(some), CHUNK):
        statement = (
            select(delivery.c.resource_uuid, func.max(delivery.c.version))
            .where(
                delivery.c.webhook_id == webhook_id,
                any_attempts(delivery),
                text_in(delivery.c.resource_uuid, some[start : start + CHUNK]),
            )
            .group_by(delivery.c.resource_uuid)
        )
        found |= dict(tx.connection.execute(statement).tuples().all())
    return found


def due_deliveries(tx: Tx, webhook_id: int, *, limit: int) -> int:
    """Number of the webhook's due deliveries; counted up to `limit`."""
    some = (
        select(delivery.c.id)
        .where(delivery.c.webhook_id == webhook_id, delivery.c.next_at <= tx.now)
        .limit(limit)
        .subquery()
    )
    return tx.connection.execute(select(func.count()).select_from(some)).scalar_one()


def deliver(tx: Tx, webhook_id: int, part: int, made: Sequence[tuple[int, Event]]) -> None:
    """One delivery to the webhook for each event, which come with their numbers."""
    tx.written.add(CommitEffects.DELIVERIES)
    bulk_write.add(
        tx,
        delivery,
        [
            {
                "event_id": number,
                "webhook_id": webhook_id,
                "reseller_id": event.reseller_id,
                "part": part,
                "resource": event.resource.value,
                "action": event.action.value,
                "resource_uuid": event.resource_uuid,
                "version": event.version,
                "attempts": 0,
                "created_at": tx.now,
                "next_at": tx.now,
            }
            for number, event in made
        ],
    )


_RUNNING = BackfillState.RUNNING.value
_HAS_FAN_OUT_PENDING = exists().where(
    pending_fan_out.c.resource_uuid == record.c.uuid,
    pending_fan_out.c.resource == record.c.resource,
    pending_fan_out.c.reseller_id == record.c.reseller_id,
)
_RECORD = [record.c[name] for name in Record.__dataclass_fields__]
_TARGET = [
    webhook.c.reseller_id,
    webhook.c.part,
    webhook.c.resource.label("about"),
    webhook.c.actions,
    webhook.c.deleted_at,
]


def _due(now: Micros) -> tuple[ColumnElement[bool], ...]:
    sends = (webhook.c.state == WebhookState.ACTIVE.value) & (webhook.c.circuit == "CLOSED")
    goes_on = sends | webhook.c.deleted_at.is_not(None)
    return backfill.c.state == _RUNNING, backfill.c.next_at <= now, goes_on


def _where(reseller_id: int, resource: Resource) -> list[ColumnElement[bool]]:
    return [record.c.reseller_id == reseller_id, record.c.resource == resource.value]


def _bounded(tx: Tx, numbers: list[int]) -> list[int]:
    """The first of these records, with contents of BYTES_MAX together; one at least."""
    length = page_bytes.byte_length(record.c.content)
    statement = select(record.c.id, length).where(number_in(record.c.id, numbers))
    lengths: dict[int, int] = dict(tx.connection.execute(statement).tuples().all())
    totals = accumulate(lengths.get(number, 0) for number in numbers)
    count = sum(total <= page_bytes.BYTES_MAX for total in totals)
    return numbers[: max(count, 1)]


def _locked(tx: Tx, numbers: list[int]) -> dict[int, Record]:
    """Lock those records that no other transaction is changing, and read them.

    Without those that have a pending fan-out.
    """
    statement = select(*_RECORD).where(number_in(record.c.id, numbers), ~_HAS_FAN_OUT_PENDING)
    locking = statement.with_for_update(of=record, read=True, skip_locked=True)
    return {
        number: Record(number, reseller_id, Resource(resource), *rest)
        for number, reseller_id, resource, *rest in tx.connection.execute(locking).tuples()
    }


def _change(tx: Tx, one: Backfill, **columns: object) -> bool:
    running = (backfill.c.webhook_id == one.webhook_id) & (backfill.c.state == _RUNNING)
    return tx.connection.execute(update(backfill).where(running).values(columns)).rowcount > 0


def from_row(row: RowMapping) -> Backfill:
    """The backfill that a row of the table holds, among other columns perhaps."""
    given = {name: row[name] for name in _AS_STORED}
    return Backfill(
        **given,
        resource=Resource(row["resource"]),
        state=BackfillState(row["state"]),
        message=messages.read_changed(row["message"], row["reason"]),
    )


_AS_STORED = Backfill.__dataclass_fields__.keys() - {"resource", "state", "message"}


def _columns(one: Backfill) -> dict[str, object]:
    plain = {name: getattr(one, name) for name in _AS_STORED}
    named = {"resource": one.resource.value, "state": one.state.value}
    return {**plain, **named, **_of_message(one.message)}


def _of_message(message: Message | None) -> dict[str, object]:
    return {"message": messages.stored(message), "reason": messages.text_of(message)}


def _target(row: RowMapping) -> BackfillTarget:
    return BackfillTarget(
        reseller_id=row["reseller_id"],
        part=row["part"],
        resource=Resource(row["about"]),
        actions=from_mask(row["actions"]),
        deleted=row["deleted_at"] is not None,
    )
