"""Events: written once in the transaction of their change, never edited, dropped at retention."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert

from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.enums import Action, Resource, from_mask, to_mask
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.page import BoundedPage
from reseller_webhooks.store.db import bulk_read, bulk_write, page_bytes
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.driver import Answer, Row
from reseller_webhooks.store.tables import delivery, event, webhook

CHUNK = 500
"""Ids named in one statement; well under the least limit of parameters (SQLite's 32,766)."""
BODIES_MAX = 16 * 1024 * 1024
"""Bytes of large bodies that are read at once."""


def add(tx: Tx, events: Sequence[Event]) -> list[int]:
    """Write events down; their store's numbers, in the same sequence."""
    if events:
        tx.written.add(CommitEffects.EVENTS)
    return bulk_write.add_numbered(tx, event, [_columns(one) for one in events])


def newest(tx: Tx) -> int:
    """The highest event number, 0 if there is no event."""
    return tx.connection.execute(select(func.max(event.c.id))).scalar() or 0


def fan_out(tx: Tx, event_ids: Sequence[int]) -> None:
    """Make one delivery per matching webhook; core/deliveries/fan_out_rules states the rule."""
    for start in range(0, len(event_ids), CHUNK):
        making, given = bulk_read.bind_lists(_fan_out, event_ids[start : start + CHUNK])
        tx.driver.send(*bulk_read.bind(tx, making, given | {"now": tx.now}))
        tx.written.add(CommitEffects.DELIVERIES)


def add_and_fan_out(tx: Tx, events: Sequence[Event], *, hands_over: bool) -> None:
    """Write events of different records down, and one delivery per matching webhook.

    On PostgreSQL in one statement. hands_over: whether the engine of this process gets the
    deliveries after the commit; if they are many, it better scans for them.
    """
    if not events:
        return
    if tx.dialect.name == "postgresql":
        answer = _add_and_make(tx, events)
    elif hands_over:
        making, given = bulk_read.bind_lists(_fan_out_told, add(tx, events))
        answer = tx.driver.send(*bulk_read.bind(tx, making, given | {"now": tx.now}))
    else:
        fan_out(tx, add(tx, events))
        return
    if hands_over:
        tx.made.append(lambda: _handed(events, answer.rows()))
    else:
        tx.written.add(CommitEffects.DELIVERIES)


def _add_and_make(tx: Tx, events: Sequence[Event]) -> Answer:
    rows = [_columns(one) for one in events]
    adding, given = bulk_write.as_json(event, rows, returning=tuple(event.c.keys()))
    making, values = bulk_read.bind(tx, _FAN_OUT_ALL, {"now": tx.now})
    tx.written.add(CommitEffects.EVENTS)
    # Within the second statement, `event` is what the first has added.
    return tx.driver.send(f"WITH event AS ({adding}) {making}", values | given)


def _handed(events: Sequence[Event], rows: Sequence[Row]) -> list[DueDelivery]:
    told = {(one.resource, one.resource_uuid, one.reseller_id): one for one in events}
    made = [Delivery(*row) for row in rows]
    its = [told[Resource(one.resource), one.resource_uuid, one.reseller_id] for one in made]
    return [DueDelivery(one, of.uuid, of.body.encode()) for one, of in zip(made, its, strict=True)]


def by_uuid(tx: Tx, uuid: str, *, reseller_id: int | None) -> Event | None:
    """The event with that id, if this reseller (None: any) has it."""
    statement = select(event).where(event.c.uuid == uuid)
    if reseller_id is not None:
        statement = statement.where(event.c.reseller_id == reseller_id)
    row = tx.connection.execute(statement).mappings().first()
    return _event(row) if row else None


def number_of(tx: Tx, uuid: str) -> int | None:
    """The store's number of the event with that id."""
    return tx.connection.execute(select(event.c.id).where(event.c.uuid == uuid)).scalar()


def of_resource(
    tx: Tx, resource: Resource, uuid: str, *, reseller_id: int, before: int | None, limit: int
) -> list[Event]:
    """The resource's events, newest first, from below the version `before`."""
    statement = select(event).where(
        event.c.reseller_id == reseller_id,
        event.c.resource == resource,
        event.c.resource_uuid == uuid,
    )
    if before is not None:
        statement = statement.where(event.c.version < before)
    rows = tx.connection.execute(statement.order_by(event.c.version.desc()).limit(limit))
    return [_event(row) for row in rows.mappings()]


def of_versions(
    tx: Tx, resource: Resource, uuid: str, *, reseller_id: int, before: int | None, limit: int
) -> BoundedPage[Event]:
    """The first event of each of the resource's versions, newest first, from below `before`.

    A backfill tells a version once more, by another event.
    """
    return page_bytes.read(
        lambda behind, rows: _of_versions(tx, resource, uuid, reseller_id, behind, rows),
        before,
        place=attrgetter("version"),
        size=lambda one: len(one.body),
        limit=limit,
    )


def bodies(tx: Tx, event_ids: Sequence[int]) -> dict[int, tuple[str, bytes]]:
    """uuid and body of the events, by the store's number.

    Large bodies are read in the given sequence until they have BODIES_MAX together; events beyond
    that are left out.
    """
    found: dict[int, tuple[str, bytes]] = {}
    for start in range(0, len(event_ids), CHUNK):
        found |= _read_bodies(tx, _small_bodies, event_ids[start : start + CHUNK])
    large = [number for number in event_ids if number in found and not found[number][1]]
    left = BODIES_MAX
    for number in large:
        if left <= 0:
            del found[number]
            continue
        found |= _read_bodies(tx, _bodies, [number])
        left -= len(found[number][1])
    return found


def _read_bodies(
    tx: Tx, select_: bulk_read.SelectByLists, event_ids: Sequence[int]
) -> dict[int, tuple[str, bytes]]:
    rows = (row.split(b" ", 2) for row in bulk_read.texts(tx, select_, event_ids))
    return {int(number): (uuid.decode(), body) for number, uuid, body in rows}


# Not the columns themselves: events are named by their ids, and PostgreSQL would rather read all
# of the reseller's by an index as long as it knows nothing of the tables' sizes.
MATCHES = (
    (webhook.c.reseller_id == event.c.reseller_id + 0)
    & (webhook.c.resource == event.c.resource.concat(""))
    & (webhook.c.actions.bitwise_and(event.c.ticked) != 0)
    & webhook.c.deleted_at.is_(None)
)
"""Condition: an event goes to a webhook."""
DELIVERY = [
    event.c.id.label("event_id"),
    webhook.c.id.label("webhook_id"),
    event.c.reseller_id,
    webhook.c.part,
    event.c.resource,
    event.c.action,
    event.c.resource_uuid,
    event.c.version,
    literal(0).label("attempts"),
    bindparam("now", type_=BigInteger).label("created_at"),
    bindparam("now", type_=BigInteger).label("next_at"),
]
"""The delivery of an event to a webhook."""
_MAKING = select(*DELIVERY).join_from(event, webhook, MATCHES).order_by(event.c.id, webhook.c.id)
_MADE = [column.name for column in DELIVERY]
_TOLD = [delivery.c[name] for name in Delivery._fields]
_FAN_OUT_ALL = insert(delivery).from_select(_MADE, _MAKING).returning(*_TOLD)


def _fan_out(some: bulk_read.Some) -> Insert:
    return insert(delivery).from_select(_MADE, _MAKING.where(event.c.id.in_(some)))


def _fan_out_told(some: bulk_read.Some) -> ReturningInsert[Any]:
    return _fan_out(some).returning(*_TOLD)


def _of_versions(  # noqa: PLR0917 - a page of `of_versions`
    tx: Tx, resource: Resource, uuid: str, reseller_id: int, before: int | None, limit: int
) -> list[Event]:
    c = event.c
    statement = select(func.min(c.id)).where(
        c.reseller_id == reseller_id, c.resource == resource, c.resource_uuid == uuid
    )
    if before is not None:
        statement = statement.where(c.version < before)
    newest = statement.group_by(c.version).order_by(c.version.desc()).limit(limit)
    numbers = list(tx.connection.execute(newest).scalars())
    rows = tx.connection.execute(select(event).where(c.id.in_(numbers)).order_by(c.version.desc()))
    return [_event(row) for row in rows.mappings()]


def _bodies(some: bulk_read.Some) -> Select[Any]:
    return _named_bodies(some, event.c.body)


def _small_bodies(some: bulk_read.Some) -> Select[Any]:
    return _named_bodies(some, page_bytes.unless_large(event.c.body))


def _named_bodies(some: bulk_read.Some, body: ColumnElement[str]) -> Select[Any]:
    named = cast(event.c.id, Text) + " " + event.c.uuid + " " + body
    return select(named.label("named")).where(event.c.id.in_(some))


def _columns(one: Event) -> dict[str, object]:
    return {
        "uuid": one.uuid,
        "reseller_id": one.reseller_id,
        "resource": one.resource.value,
        "resource_uuid": one.resource_uuid,
        "action": one.action.value,
        "ticked": to_mask(one.ticked),
        "version": one.version,
        "changed_at": one.changed_at,
        "body": one.body,
    }


def _event(row: RowMapping) -> Event:
    return Event(
        uuid=row["uuid"],
        reseller_id=row["reseller_id"],
        resource=Resource(row["resource"]),
        resource_uuid=row["resource_uuid"],
        action=Action(row["action"]),
        ticked=from_mask(row["ticked"]),
        version=row["version"],
        changed_at=row["changed_at"],
        body=row["body"],
    )
