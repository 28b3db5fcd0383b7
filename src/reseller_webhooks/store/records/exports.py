"""Events in the sequence of their numbers, for exports of all events.

On PostgreSQL an event has its number before it is committed, so a lower number may appear after a
higher one; operations/exports.py knows when none can any more.
"""

from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import bindparam, select

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.store.db import page_bytes
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import event, reseller


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with the store's number; reseller: the id that users see."""

    number: int
    uuid: str
    reseller: str
    resource: Resource
    resource_uuid: str
    action: Action
    body: str


def between(tx: Tx, after: int, upto: int, *, limit: int) -> list[Numbered]:
    """Events with numbers above `after` and not above `upto`, lowest first.

    Without those that a backfill has made: they are repeats, for one webhook. They are fewer than
    `limit` where their bodies have many bytes (store/db/page_bytes.py); go on behind the last one.
    """
    page = page_bytes.read(
        lambda behind, rows: _between(tx, behind, upto, limit=rows),
        after,
        place=attrgetter("number"),
        size=lambda one: len(one.body),
        limit=limit,
    )
    return page.rows


def holds(tx: Tx, number: int, uuid: str) -> bool:
    """True if the event with this number has this id."""
    statement = select(event.c.id).where(event.c.id == number, event.c.uuid == uuid)
    return tx.connection.execute(statement).first() is not None


def _between(tx: Tx, after: int, upto: int, *, limit: int) -> list[Numbered]:
    rows = tx.connection.execute(_BETWEEN, {"after": after, "upto": upto, "limit": limit})
    return [
        Numbered(number, uuid, whose, Resource(resource), of, Action(action), body)
        for number, uuid, whose, resource, of, action, body in rows
    ]


_BETWEEN = (
    select(
        event.c.id,
        event.c.uuid,
        reseller.c.uuid,
        event.c.resource,
        event.c.resource_uuid,
        event.c.action,
        event.c.body,
    )
    .join_from(event, reseller, reseller.c.id == event.c.reseller_id)
    .where(event.c.id > bindparam("after"), event.c.id <= bindparam("upto"), event.c.ticked != 0)
    .order_by(event.c.id)
    .limit(bindparam("limit"))
)
