"""A reseller's events in the sequence of their numbers, for readers that pull.

No index has a reseller's events in this sequence: it would cost every change a write. So they are
read from the events of all resellers, at most WINDOW of them in one statement.
"""

from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.page import BoundedPage
from reseller_webhooks.store.db import page_bytes
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import event

WINDOW = 20_000
"""Events, of all resellers, that a statement looks at."""


class FeedEvent(NamedTuple):
    """An event's number, when it was made, and its notification."""

    number: int
    changed_at: int
    body: str


def between(
    tx: Tx, reseller_id: int, resource: Resource | None, after: int, upto: int, *, limit: int
) -> BoundedPage[FeedEvent]:
    """The reseller's events above `after` and not above `upto`, of one resource or of all.

    Without events of backfills, which repeat others for one webhook. A page has fewer than `limit`
    where bodies have many bytes (store/db/page_bytes.py).
    """
    statement = _BETWEEN if resource is None else _OF_RESOURCE
    given = {"reseller": reseller_id, "resource": resource, "upto": upto}

    def rows(behind: int, count: int) -> list[FeedEvent]:
        found = tx.connection.execute(statement, given | {"after": behind, "limit": count})
        return [FeedEvent(*row) for row in found]

    return page_bytes.read(
        rows, after, place=attrgetter("number"), size=lambda one: len(one.body), limit=limit
    )


def window_end(tx: Tx, after: int, upto: int) -> int:
    """The number of the last of WINDOW events behind a number, `upto` if there are fewer.

    Numbers alone make no window: PostgreSQL's begin far above the last ones each day.
    """
    last = tx.connection.execute(_WINDOW_END, {"after": after, "upto": upto}).scalar()
    return upto if last is None else int(last)


def oldest(tx: Tx) -> int | None:
    """The lowest number of an event that is kept, of any reseller."""
    return tx.connection.execute(select(func.min(event.c.id))).scalar()


def first_since(tx: Tx, at: int) -> int | None:
    """The lowest number of the events that were made from an instant on, None if there is none.

    Numbers and times rise together but for what a transaction lasts, which is less than a minute.
    """
    first = select(func.min(event.c.changed_at)).where(event.c.changed_at >= at)
    begin = tx.connection.execute(first).scalar()
    if begin is None:
        return None
    # id + 0: PostgreSQL would otherwise read all older events by their numbers.
    close = event.c.changed_at.between(begin, begin + 60 * SECOND)
    return tx.connection.execute(select(func.min(event.c.id + 0)).where(close)).scalar()


_WINDOW_END = (
    select(event.c.id)
    .where(event.c.id > bindparam("after"), event.c.id <= bindparam("upto"))
    .order_by(event.c.id)
    .offset(WINDOW - 1)
    .limit(1)
)
# reseller_id + 0: PostgreSQL would otherwise read all events of the reseller by their index.
_BETWEEN: Select[Any] = (
    select(event.c.id, event.c.changed_at, event.c.body)
    .where(
        event.c.id > bindparam("after"),
        event.c.id <= bindparam("upto"),
        event.c.reseller_id + 0 == bindparam("reseller"),
        event.c.ticked != 0,
    )
    .order_by(event.c.id)
    .limit(bindparam("limit"))
)
_OF_RESOURCE = _BETWEEN.where(event.c.resource.concat("") == bindparam("resource"))
