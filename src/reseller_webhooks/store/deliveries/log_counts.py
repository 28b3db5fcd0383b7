"""Counts the lines of the log's tabs, and bounds how far back a page searches.

Nobody needs to know whether it is 41,210 or 41,211, so counting stops at COUNTED_MAX, and where
each line has to be looked at, after SIFTED_MAX lines. The cost is the same for a hundred lines and
for a hundred million. A tally without `more` is exact; one with it is a number that there are at
least.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, true, tuple_

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery, Position
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries.log_query import (
    UNHAPPY,
    PlannedQuery,
    closed_in,
    filter_conditions,
    indexed_conditions,
    period,
    plan,
    scope,
    sorts,
)
from reseller_webhooks.store.tables import attempt, delivery

COUNTED_MAX = 1_000
NEWEST_CLOSED = 2_000
"""Closed lines of which the delivered ones are counted, from their index alone."""
SIFTED_MAX = 1_000
"""Newest lines that are looked at for a filter without an index: about 2 ms."""

EVENT_LINES_MAX = 10_000
"""Closed lines of a record's events that are counted by state: about 10 ms."""

SEARCHED_MAX = 10_000
"""Lines that one step of a search looks at for such a filter: about 20 ms."""

Part = tuple[Table, ColumnElement[int], ColumnElement[bool] | None]
"""A table of the log, its column of delivery ids, and which of its rows are lines."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """number: how many there are at least. more: there may be more than were counted."""

    number: int
    more: bool


def count_lines(tx: Tx, query: LogQuery) -> LineCount:
    """Number of lines that a query matches, whatever its place and limit."""
    planned = plan(tx, query, counts=True)
    found = [_count(tx, part, planned) for part in _parts(planned)]
    number = sum(one.number for one in found)
    return LineCount(
        min(number, COUNTED_MAX), number > COUNTED_MAX or any(one.more for one in found)
    )


def count_by_tab(tx: Tx, query: LogQuery, tabs: Iterable[frozenset[State]]) -> Iterator[LineCount]:
    """Count the lines of a query in the states of each tab.

    Lines of a record are counted once for all tabs, as every count reads them all.
    """
    planned = plan(tx, query, counts=True)
    if planned.events is None:
        yield from (count_lines(tx, replace(planned, states=states)) for states in tabs)
        return
    pending = count_lines(tx, replace(planned, states=frozenset({State.PENDING})))
    closed, is_cut = _count_closed(tx, planned)
    for states in tabs:
        wanted = states or frozenset(State)
        number = sum(count for state, count in closed.items() if state in wanted)
        more = is_cut and bool(wanted - {State.PENDING})
        if State.PENDING in wanted:
            number, more = number + pending.number, more or pending.more
        yield LineCount(min(number, COUNTED_MAX), more or number > COUNTED_MAX)


def reach(tx: Tx, query: PlannedQuery) -> Position | None:
    """The oldest position that a step of a search reads to; None for the end of the log.

    That is so where indexes answer all filters, or name few lines.
    """
    found = []
    for table, number, closed in _parts(query):
        conditions, sieve = _conditions(table, query, closed)
        if not sieve or sorts(table, query):
            continue
        at = table.c.created_at
        if query.behind is not None:
            conditions.append(tuple_(at, number) < query.behind)
        last = select(at, number).where(*conditions).order_by(at.desc(), number.desc())
        row = tx.connection.execute(last.offset(SEARCHED_MAX - 1).limit(1)).first()
        if row is not None:
            found.append((row[0], row[1]))
    return max(found, default=None)


def _count_closed(tx: Tx, query: PlannedQuery) -> tuple[dict[State, int], bool]:
    """Closed lines of a record by state, and whether there are more than were counted."""
    conditions = indexed_conditions(attempt, query) + filter_conditions(attempt, query)
    closed = select(attempt.c.state).where(*conditions, attempt.c.state.is_not(None))
    some = closed.limit(EVENT_LINES_MAX + 1).subquery()
    counted = select(some.c.state, func.count()).group_by(some.c.state)
    found = {State(state): count for state, count in tx.connection.execute(counted)}
    return found, sum(found.values()) > EVENT_LINES_MAX


def _parts(query: PlannedQuery) -> list[Part]:
    found: list[Part] = []
    if query.with_pending:
        found.append((delivery, delivery.c.id, None))
    if not query.states or query.states - {State.PENDING}:
        closed = closed_in(query.states - {State.PENDING})
        found.append((attempt, attempt.c.delivery_id, closed))
    return found


def _count(tx: Tx, part: Part, query: PlannedQuery) -> LineCount:
    table, _, _ = part
    is_indexed = query.events is None and not filter_conditions(table, query)
    if is_indexed and query.states == {State.DELIVERED} and not query.walks_actions:
        return _count_delivered(tx, query)
    some, limit = _newest(part, query)
    row = tx.connection.execute(some).one()
    return LineCount(row.matched, row.looked >= limit)


def _count_delivered(tx: Tx, query: PlannedQuery) -> LineCount:
    """Count delivered lines: the newest closed lines, less those that ended otherwise, which have
    an index."""
    closed, c = attempt.c.state.is_not(None), attempt.c
    newest = select(c.created_at).where(*indexed_conditions(attempt, query), closed)
    ordered = newest.order_by(c.created_at.desc(), c.delivery_id.desc()).limit(NEWEST_CLOSED)
    some = ordered.subquery()
    count, since = tx.connection.execute(
        select(func.count(), func.min(some.c.created_at)).select_from(some)
    ).one()
    if not count:
        return LineCount(0, more=False)
    unhappy = select(c.id).where(*indexed_conditions(attempt, query), closed_in(UNHAPPY))
    otherwise = unhappy.where(c.created_at >= since).limit(NEWEST_CLOSED).subquery()
    less = tx.connection.execute(select(func.count()).select_from(otherwise)).scalar_one()
    return LineCount(max(count - less, 0), more=count == NEWEST_CLOSED)


def _newest(part: Part, query: PlannedQuery) -> tuple[Select[int, int], int]:
    table, number, closed = part
    conditions, sieve = _conditions(table, query, closed)
    limit = SIFTED_MAX if sieve else COUNTED_MAX + 1
    some = select(and_(true(), *sieve).label("fits")).where(*conditions).limit(limit)
    if not sorts(table, query):
        some = some.order_by(table.c.created_at.desc(), number.desc())
    lines = some.subquery()
    matched = func.count().filter(lines.c.fits).label("matched")
    return select(func.count().label("looked"), matched).select_from(lines), limit


def _conditions(
    table: Table, query: PlannedQuery, closed: ColumnElement[bool] | None
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Conditions that an index answers, and conditions that are checked on each line."""
    conditions, sieve = indexed_conditions(table, query), filter_conditions(table, query)
    if table is delivery and sorts(table, query):
        # No index of a webhook's pending deliveries knows when they were made.
        conditions, sieve = scope(table, query), sieve + period(table, query)
    if closed is not None and (State.DELIVERED in query.states or query.walks_actions):
        # Nearly every line is one of these, and no index holds them alone; or they are found by
        # their action.
        conditions.append(attempt.c.state.is_not(None))
        sieve.append(closed)
    elif closed is not None:
        conditions.append(closed)
    return conditions, sieve
