"""Deliveries that are made in steps after the transaction of their events.

A step makes deliveries and moves the place in one transaction, so a kill neither loses nor doubles
any. The worker that holds the reseller's lock takes its steps, lowest event first, so a record's
deliveries are made in the sequence of its versions.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, bindparam, delete, exists, func, insert, select, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery_stats import BACKLOG_COUNTED_MAX
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.store.db import bulk_read, bulk_write
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries.deliveries import MAY_REPLACE
from reseller_webhooks.store.records.events import DELIVERY, MATCHES
from reseller_webhooks.store.tables import (
    any_attempts,
    delivery,
    event,
    pending_fan_out,
    reseller,
    webhook,
)

EVENTS_A_STEP = 100
CHUNK = 500
"""Ids named in one statement."""


class FanOutSpan(NamedTuple):
    """The work of a step: deliveries of events to webhooks above `after` up to `upto`."""

    events: list[int]
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class FanOutObstacles:
    """Work of a fan-out beside new deliveries.

    any_pending: the store has events whose deliveries are still to be made. any_replaced: older
    deliveries of the records are pending that a newer one may replace.
    """

    any_pending: bool
    any_replaced: bool


@dataclass(frozen=True, slots=True)
class FanOutBacklog:
    """Events whose deliveries are still to be made: how many, and when the oldest was committed."""

    count: int
    since: Micros | None


def add(tx: Tx, numbered: Sequence[tuple[int, Event]]) -> None:
    """Leave the deliveries of events, which come with their numbers, to steps.

    They go to webhooks that are there now, as far as those still match when a step comes to them.
    """
    if not numbered:
        return
    newest = tx.connection.execute(select(func.coalesce(func.max(webhook.c.id), 0))).scalar_one()
    rows = [
        {
            "event_id": number,
            "reseller_id": one.reseller_id,
            "resource": one.resource.value,
            "resource_uuid": one.resource_uuid,
            "webhook_after": 0,
            "webhook_upto": newest,
            "created_at": tx.now,
        }
        for number, one in numbered
    ]
    bulk_write.add(tx, pending_fan_out, rows)
    tx.written.add(CommitEffects.FAN_OUTS)


def count_of_reseller(tx: Tx, reseller_id: int, *, limit: int) -> int:
    """A reseller's events whose deliveries are still to be made, counted up to `limit`."""
    some = select(pending_fan_out.c.event_id).where(pending_fan_out.c.reseller_id == reseller_id)
    counted = select(func.count()).select_from(some.limit(limit).subquery())
    return tx.connection.execute(counted).scalar_one()


def ask_obstacles(tx: Tx, keys: Collection[RecordKey]) -> Callable[[], FanOutObstacles]:
    """Ask for the obstacles of a fan-out of these records; the call returned waits for the answer.

    Asked once the records are locked, it tells of every earlier event of theirs.
    """
    resellers = list({one.reseller_id for one in keys}) or [bulk_read.NOBODY]
    rows = bulk_read.ask_in(tx, _obstacles, resellers, list({one.uuid for one in keys}) or [""])
    return lambda: FanOutObstacles(*map(bool, rows()[0]))


def records_behind(tx: Tx, keys: Collection[RecordKey]) -> set[RecordKey]:
    """Those of the records that have an event whose deliveries are still to be made."""
    uuids, found = list({uuid for uuid, *_ in keys}), set[RecordKey]()
    for start in range(0, len(uuids), CHUNK):
        rows = tx.connection.execute(_OF_RECORDS, {"uuids": uuids[start : start + CHUNK]})
        found |= {
            RecordKey(uuid, Resource(resource), owner) for uuid, resource, owner in rows.tuples()
        }
    return found & set(keys)


def newest_of_record(
    tx: Tx, record: RecordKey, webhook_ids: Collection[int]
) -> list[tuple[int, int]]:
    """The newest version of a record by webhook, from pending fan-outs."""
    statement = (
        _following(select(webhook.c.id, func.max(event.c.version)))
        .where(
            pending_fan_out.c.resource_uuid == record.uuid,
            pending_fan_out.c.resource == record.resource,
            pending_fan_out.c.reseller_id == record.reseller_id,
            webhook.c.id.in_(webhook_ids),
        )
        .group_by(webhook.c.id)
    )
    return [(number, version) for number, version in tx.connection.execute(statement)]


def next_reseller(tx: Tx, after: int) -> int | None:
    """The next reseller with pending fan-outs, by its number; None if there is none."""
    return tx.connection.execute(_NEXT_RESELLER, {"after": after}).scalar()


def lock(tx: Tx, reseller_id: int) -> bool:
    """Take the right to a reseller's steps for this transaction; False if another worker has it."""
    mine = select(reseller.c.id).where(reseller.c.id == reseller_id)
    locking = mine.with_for_update(key_share=True, skip_locked=True)
    return tx.connection.execute(locking).first() is not None


def step(tx: Tx, reseller_id: int, limit: int) -> FanOutSpan | None:
    """Make about `limit` deliveries of a reseller's first events; None when it has none.

    The first events go together from webhook to webhook, as deliveries of one webhook lie side by
    side in the indexes: many events for few webhooks change far fewer pages than the reverse.
    """
    rows = tx.connection.execute(_FIRST, {"reseller": reseller_id}).all()
    if not rows:
        return None
    _, after, newest = rows[0]
    events = [row.event_id for row in takewhile(lambda row: row[1:] == rows[0][1:], rows)]
    given = {"reseller": reseller_id, "after": after, "newest": newest}
    place = max(1, limit // len(events)) - 1
    upto = tx.connection.execute(_WEBHOOK, given | {"place": place}).scalar()
    span = FanOutSpan(events, after, upto or newest)
    given = {"events": events, "after": after, "upto": span.upto, "now": tx.now}
    tx.connection.execute(_MAKE, given)
    tx.written.add(CommitEffects.DELIVERIES)
    if upto is None:
        tx.connection.execute(_END, {"events": events})
    else:
        tx.connection.execute(_MOVE, {"events": events, "upto": upto})
    return span


def backlog(tx: Tx) -> FanOutBacklog:
    """The size and age of the pending fan-outs; the count ends at BACKLOG_COUNTED_MAX."""
    return FanOutBacklog(tx.connection.execute(_COUNT).scalar_one(), oldest(tx))


def oldest(tx: Tx) -> Micros | None:
    """Commit time of the pending event with the lowest number."""
    return tx.connection.execute(_OLDEST).scalar()


def oldest_of_reseller(tx: Tx, reseller_id: int) -> Micros | None:
    """Commit time of the reseller's pending event with the lowest number."""
    return tx.connection.execute(_OLDEST.where(_OF_RESELLER), {"reseller": reseller_id}).scalar()


def _following(what: Select[Any]) -> Select[Any]:
    """Join events with the webhooks that their pending fan-outs have not reached yet."""
    place = pending_fan_out.c.webhook_after, pending_fan_out.c.webhook_upto
    return (
        what.select_from(pending_fan_out)
        .join(event, event.c.id == pending_fan_out.c.event_id)
        .join(webhook, MATCHES & (webhook.c.id > place[0]) & (webhook.c.id <= place[1]))
    )


def _obstacles(resellers: bulk_read.Some, uuids: bulk_read.Some) -> Select[Any]:
    replaced = (
        select(delivery.c.id)
        .join_from(webhook, delivery, delivery.c.webhook_id == webhook.c.id)
        .where(
            webhook.c.reseller_id.in_(resellers),
            webhook.c.deleted_at.is_(None),
            MAY_REPLACE,
            any_attempts(delivery),
            delivery.c.resource_uuid.in_(uuids),
        )
    )
    pending = exists(select(pending_fan_out.c.event_id))
    obstacles = select(pending.label("any_pending"), exists(replaced).label("any_replaced"))
    return cast("Select[Any]", obstacles)


_OF_EVENTS = pending_fan_out.c.event_id.in_(bindparam("events", expanding=True))
_OF_RESELLER = pending_fan_out.c.reseller_id == bindparam("reseller")
_OF_RECORDS = select(
    pending_fan_out.c.resource_uuid, pending_fan_out.c.resource, pending_fan_out.c.reseller_id
).where(pending_fan_out.c.resource_uuid.in_(bindparam("uuids", expanding=True)))
_NEXT_RESELLER = select(func.min(pending_fan_out.c.reseller_id)).where(
    pending_fan_out.c.reseller_id > bindparam("after")
)
_FIRST = (
    select(
        pending_fan_out.c.event_id, pending_fan_out.c.webhook_after, pending_fan_out.c.webhook_upto
    )
    .where(_OF_RESELLER)
    .order_by(pending_fan_out.c.event_id)
    .limit(EVENTS_A_STEP)
)
_WEBHOOK = (
    select(webhook.c.id)
    .where(
        webhook.c.reseller_id == bindparam("reseller"),
        webhook.c.deleted_at.is_(None),
        webhook.c.id > bindparam("after"),
        webhook.c.id <= bindparam("newest"),
    )
    .order_by(webhook.c.id)
    .limit(1)
    .offset(bindparam("place"))
)
_MAKE = insert(delivery).from_select(
    [column.name for column in DELIVERY],
    select(*DELIVERY)
    .join_from(event, webhook, MATCHES)
    .where(
        event.c.id.in_(bindparam("events", expanding=True)),
        webhook.c.id > bindparam("after"),
        webhook.c.id <= bindparam("upto"),
    )
    .order_by(webhook.c.id, event.c.id),
)
_END = delete(pending_fan_out).where(_OF_EVENTS)
_MOVE = update(pending_fan_out).where(_OF_EVENTS).values(webhook_after=bindparam("upto"))
_OLDEST = select(pending_fan_out.c.created_at).order_by(pending_fan_out.c.event_id).limit(1)
_COUNT = select(func.count()).select_from(
    select(pending_fan_out.c.event_id).limit(BACKLOG_COUNTED_MAX).subquery()
)
