"""Backfills: where each stands, and the deliveries that a step makes.

Whoever has locked the row of a backfill takes its step, so two workers never take the same one.
The position moves in the transaction that makes the deliveries, so a kill loses none.
"""

from collections.abc import Collection, Sequence
from itertools import takewhile

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.backfills import Backfill, BackfillState, Target
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.events import Event
from reseller_webhooks.core.names import Resource, from_mask
from reseller_webhooks.core.records import Record
from reseller_webhooks.core.webhooks import WebhookState
from reseller_webhooks.store import bulk
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import backfill, delivery, record, webhook

CHUNK = 500


def begin(tx: Tx, one: Backfill) -> None:
    """Write a new one down over the webhook's last. Conflict while that is running."""
    columns = {name: getattr(one, name) for name in Backfill.__dataclass_fields__}
    ended = (backfill.c.webhook_id == one.webhook_id) & (backfill.c.state != _RUNNING)
    if tx.connection.execute(update(backfill).where(ended).values(columns)).rowcount:
        return
    try:
        tx.connection.execute(insert(backfill).values(columns))
    except IntegrityError:
        raise Conflict(
            "a backfill of this webhook is running; wait until it is done, or cancel it"
        ) from None


def of(tx: Tx, webhook_id: int) -> Backfill | None:
    """The webhook's newest backfill."""
    statement = select(backfill).where(backfill.c.webhook_id == webhook_id)
    row = tx.connection.execute(statement).mappings().first()
    return _backfill(row) if row else None


def is_due(tx: Tx) -> bool:
    """Whether a step of any backfill is due."""
    statement = select(backfill.c.webhook_id).where(*_due(tx.now)).limit(1)
    return tx.connection.execute(statement).first() is not None


def due(tx: Tx) -> tuple[Backfill, Target] | None:
    """The backfill whose step is due first, locked, and its webhook."""
    statement = (
        select(backfill, *_TARGET)
        .join(webhook, webhook.c.id == backfill.c.webhook_id)
        .where(*_due(tx.now))
        .order_by(backfill.c.next_at)
        .limit(1)
        .with_for_update(of=backfill, skip_locked=True)
    )
    row = tx.connection.execute(statement).mappings().first()
    return (_backfill(row), _target(row)) if row else None


def move(tx: Tx, one: Backfill, *, passed: int, sent: int, next_at: Micros) -> None:
    """Note that it has come to a record, and when its next step is due."""
    _change(tx, one, passed=passed, sent=sent, next_at=next_at)


def end(tx: Tx, one: Backfill, state: BackfillState, reason: str = "") -> bool:
    """End one that is running; whether it was."""
    return _change(tx, one, state=state.value, reason=reason, finished_at=tx.now)


def count(
    tx: Tx, resource: Resource, *, reseller_id: int, with_removed: bool, limit: int | None = None
) -> int:
    """How many records a backfill has to send, as they are now; counted up to `limit`."""
    some = select(record.c.id).where(*_of(reseller_id, resource, with_removed=with_removed))
    numbers = some.limit(limit).subquery()
    return tx.connection.execute(select(func.count()).select_from(numbers)).scalar_one()


def last(tx: Tx, resource: Resource, *, reseller_id: int) -> int:
    """The number of the newest record; 0 when there is none."""
    statement = select(func.max(record.c.id)).where(*_of(reseller_id, resource, with_removed=True))
    return tx.connection.execute(statement).scalar() or 0


def behind(tx: Tx, one: Backfill, reseller_id: int) -> tuple[list[Record], bool]:
    """Its next records, locked against changes, and whether these are all that are left.

    One that somebody is just changing is not waited for, as they may wait for another of these;
    the records end before it, and the next step finds it changed.
    """
    statement = (
        select(*_RECORD)
        .where(
            *_of(reseller_id, one.resource, with_removed=one.with_removed),
            record.c.id > one.passed,
            record.c.id <= one.last,
        )
        .order_by(record.c.id)
    )
    locking = statement.limit(one.rate).with_for_update(read=True, skip_locked=True)
    rows = tx.connection.execute(locking).mappings().all()
    locked = {row["id"]: Record(**{**row, "resource": one.resource}) for row in rows}
    numbers = statement.with_only_columns(record.c.id).limit(one.rate + 1)
    there = list(tx.connection.execute(numbers).scalars())
    held = list(takewhile(locked.__contains__, there))
    return [locked[number] for number in held], len(held) == len(there)


def under_way(tx: Tx, webhook_id: int, uuids: Collection[str]) -> dict[str, int]:
    """The newest version of each record that is on its way to the webhook already."""
    found: dict[str, int] = {}
    some = list(uuids)
    for start in range(0, len(some), CHUNK):
        statement = (
            select(delivery.c.resource_uuid, func.max(delivery.c.version))
            .where(
                delivery.c.webhook_id == webhook_id,
                delivery.c.resource_uuid.in_(some[start : start + CHUNK]),
            )
            .group_by(delivery.c.resource_uuid)
        )
        found |= dict(tx.connection.execute(statement).tuples().all())
    return found


def due_deliveries(tx: Tx, webhook_id: int, *, limit: int) -> int:
    """How many of the webhook's deliveries could go out now; counted up to `limit`."""
    some = (
        select(delivery.c.id)
        .where(delivery.c.webhook_id == webhook_id, delivery.c.next_at <= tx.now)
        .limit(limit)
        .subquery()
    )
    return tx.connection.execute(select(func.count()).select_from(some)).scalar_one()


def deliver(tx: Tx, webhook_id: int, part: int, made: Sequence[tuple[int, Event]]) -> None:
    """One delivery to the webhook for each event, which come with their numbers."""
    bulk.add(
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
_RECORD = [record.c[name] for name in Record.__dataclass_fields__]
_TARGET = [
    webhook.c.reseller_id,
    webhook.c.part,
    webhook.c.resource.label("about"),
    webhook.c.actions,
    webhook.c.state.label("webhook_state"),
    webhook.c.circuit,
    webhook.c.deleted_at,
]


def _due(now: Micros) -> tuple[ColumnElement[bool], ...]:
    return backfill.c.state == _RUNNING, backfill.c.next_at <= now


def _of(reseller_id: int, resource: Resource, *, with_removed: bool) -> list[ColumnElement[bool]]:
    given = [record.c.reseller_id == reseller_id, record.c.resource == resource.value]
    return given if with_removed else [*given, record.c.removed.is_(False)]


def _change(tx: Tx, one: Backfill, **columns: object) -> bool:
    running = (backfill.c.webhook_id == one.webhook_id) & (backfill.c.state == _RUNNING)
    return tx.connection.execute(update(backfill).where(running).values(columns)).rowcount > 0


def _backfill(row: RowMapping) -> Backfill:
    given = {name: row[name] for name in Backfill.__dataclass_fields__}
    return Backfill(
        **given | {"resource": Resource(row["resource"]), "state": BackfillState(row["state"])}
    )


def _target(row: RowMapping) -> Target:
    return Target(
        reseller_id=row["reseller_id"],
        part=row["part"],
        resource=Resource(row["about"]),
        actions=from_mask(row["actions"]),
        sends=row["webhook_state"] == WebhookState.ACTIVE and row["circuit"] == "CLOSED",
        deleted=row["deleted_at"] is not None,
    )
