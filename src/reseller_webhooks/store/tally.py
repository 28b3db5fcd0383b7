"""How many lines the log has on a tab, as far as anybody counts.

Nobody needs to know whether it is 41,210 or 41,211, so counting stops at COUNTED_MAX; and where
each line has to be looked at, after SIFTED_MAX lines. The cost is the same for a hundred lines and
for a hundred million.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, true

from reseller_webhooks.core.delivery import State
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.log import LogQuery, closed_as, sifted, whose
from reseller_webhooks.store.schema import attempt, delivery

COUNTED_MAX = 1_000
SIFTED_MAX = 5_000
"""Newest lines that are looked at for a filter without an index: about 5 ms."""


@dataclass(frozen=True, slots=True)
class Tally:
    """number: how many there are at least. more: there may be more than were counted."""

    number: int
    more: bool


def tally(tx: Tx, query: LogQuery) -> Tally:
    """How many lines a query finds, whatever its place and limit."""
    looked = matched = limit = 0
    for table, number, having in _tables(query):
        some, one_limit = _newest(table, number, query, having)
        row = tx.connection.execute(some).one()
        looked, matched = max(looked, row.looked), matched + row.matched
        limit = max(limit, one_limit)
    return Tally(min(matched, COUNTED_MAX), matched > COUNTED_MAX or looked >= limit > 0)


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
    conditions, sieve = whose(table, query), sifted(table, query)
    if closed is not None and State.DELIVERED in query.states:
        # Nearly every line is one of these, and no index holds them alone.
        conditions.append(attempt.c.state.is_not(None))
        sieve.append(closed)
    elif closed is not None:
        conditions.append(closed)
    limit = SIFTED_MAX if sieve else COUNTED_MAX + 1
    some = select(and_(true(), *sieve).label("fits")).where(*conditions).limit(limit)
    if query.resource_uuid is None:
        some = some.order_by(table.c.created_at.desc(), number.desc())
    lines = some.subquery()
    matched = func.count().filter(lines.c.fits).label("matched")
    return select(func.count().label("looked"), matched).select_from(lines), limit
