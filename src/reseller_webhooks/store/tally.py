"""How many lines the log has on a tab, and how far back a page looks: as far as is cheap.

Nobody needs to know whether it is 41,210 or 41,211, so counting stops at COUNTED_MAX; and where
each line has to be looked at, after SIFTED_MAX lines. The cost is the same for a hundred lines and
for a hundred million.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, true, tuple_

from reseller_webhooks.core.delivery import State
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.log_query import LogQuery, Position, closed_as, sifted, sought, whose
from reseller_webhooks.store.schema import attempt, delivery

COUNTED_MAX = 1_000
SIFTED_MAX = 5_000
"""Newest lines that are looked at for a filter without an index: about 5 ms."""

SEARCHED_MAX = 10_000
"""Lines that a page looks at for such a filter, before it offers to go on: about 20 ms."""


@dataclass(frozen=True, slots=True)
class Tally:
    """number: how many there are at least. more: there may be more than were counted."""

    number: int
    more: bool


def tally(tx: Tx, query: LogQuery) -> Tally:
    """How many lines a query finds, whatever its place and limit."""
    query = sought(tx, query)
    looked = matched = limit = 0
    for table, number, having in _tables(query):
        some, one_limit = _newest(table, number, query, having)
        row = tx.connection.execute(some).one()
        looked, matched = max(looked, row.looked), matched + row.matched
        limit = max(limit, one_limit)
    return Tally(min(matched, COUNTED_MAX), matched > COUNTED_MAX or looked >= limit > 0)


def reach(tx: Tx, query: LogQuery) -> Position | None:
    """How far back a page looks: None for to the end, as where an index answers the filters."""
    query = sought(tx, query)
    found = []
    for table, number, closed in _tables(query):
        conditions, sieve = _conditions(table, query, closed)
        if not sieve or query.resource_uuid is not None:
            continue
        at = table.c.created_at
        if query.behind is not None:
            conditions.append(tuple_(at, number) < query.behind)
        last = select(at, number).where(*conditions).order_by(at.desc(), number.desc())
        row = tx.connection.execute(last.offset(SEARCHED_MAX - 1).limit(1)).first()
        if row is not None:
            found.append((row[0], row[1]))
    return max(found, default=None)


def _tables(
    query: LogQuery,
) -> list[tuple[Table, ColumnElement[int], ColumnElement[bool] | None]]:
    found: list[tuple[Table, ColumnElement[int], ColumnElement[bool] | None]] = []
    if not query.states or State.PENDING in query.states:
        found.append((delivery, delivery.c.id, None))
    if not query.states or query.states - {State.PENDING}:
        closed = closed_as(query.states - {State.PENDING})
        found.append((attempt, attempt.c.delivery_id, closed))
    return found


def _newest(
    table: Table,
    number: ColumnElement[int],
    query: LogQuery,
    closed: ColumnElement[bool] | None,
) -> tuple[Select[int, int], int]:
    conditions, sieve = _conditions(table, query, closed)
    limit = SIFTED_MAX if sieve else COUNTED_MAX + 1
    some = select(and_(true(), *sieve).label("fits")).where(*conditions).limit(limit)
    if query.resource_uuid is None:
        some = some.order_by(table.c.created_at.desc(), number.desc())
    lines = some.subquery()
    matched = func.count().filter(lines.c.fits).label("matched")
    return select(func.count().label("looked"), matched).select_from(lines), limit


def _conditions(
    table: Table, query: LogQuery, closed: ColumnElement[bool] | None
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Those that an index answers, and those for which each line is looked at."""
    conditions, sieve = whose(table, query), sifted(table, query)
    if closed is not None and State.DELIVERED in query.states:
        # Nearly every line is one of these, and no index holds them alone.
        conditions.append(attempt.c.state.is_not(None))
        sieve.append(closed)
    elif closed is not None:
        conditions.append(closed)
    return conditions, sieve
