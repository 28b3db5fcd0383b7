"""Queries of the log: how each is planned, and the SQL conditions of its filters.

Every filter has an index that is already sorted as the log is, or names few lines.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, String, Table, bindparam, func, literal, select

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.store.db import bulk_read, day_partitions
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import by_database, number_in, without_index
from reseller_webhooks.store.tables import attempt, delivery, event

SORTED_MAX = 10_000
"""Pending deliveries of one webhook that are sorted for a page, about 15 ms; where there are more,
the reseller's, which are sorted already, are searched for them."""
EVENTS_MAX = 5_000
"""The newest changes of a record that the log shows when it is filtered by that record."""

UNHAPPY = frozenset(State) - {State.PENDING, State.DELIVERED}
"""The states of deliveries that were closed without being delivered."""


@dataclass(frozen=True, slots=True)
class PlannedQuery(LogQuery):
    """A query and what its plan depends on, as read from the store.

    events: those of its resource, so that PostgreSQL's planner knows their days. walks_pending:
    whether its webhook has more than SORTED_MAX pending deliveries. walks_actions: whether few
    closed lines have its action, for which there is an index.
    """

    events: tuple[int, ...] | None = field(default=None, repr=False)
    walks_pending: bool = False
    walks_actions: bool = False


def plan(tx: Tx, query: LogQuery, *, counts: bool = False) -> PlannedQuery:
    """Plan a query. A planned query is returned as it is, so that it is planned once.

    counts: for a count. It sorts nothing, so it uses the webhook's own index, which names the
    fewest lines, however many are pending.
    """
    if isinstance(query, PlannedQuery):
        return query
    given: dict[str, Any] = {name: getattr(query, name) for name in LogQuery.__dataclass_fields__}
    if query.resource_uuid is not None:
        return PlannedQuery(**given, events=_events_of(tx, query))
    return PlannedQuery(
        **given,
        walks_actions=_has_few_of_action(tx, query),
        walks_pending=not counts and _has_many_pending(tx, query),
    )


def sorts(table: Table, query: PlannedQuery) -> bool:
    """True if the few lines that an index names are all read and then sorted."""
    if table is delivery and query.webhook_id is not None and not query.walks_pending:
        return True
    return query.events is not None


def closed_in(states: frozenset[State]) -> ColumnElement[bool]:
    """Condition: an attempt closed its delivery in one of these states; in any state if none is
    named."""
    if not states:
        return attempt.c.state.is_not(None)
    named = attempt.c.state.in_(sorted(states))
    if State.DELIVERED in states:
        return named
    # SQLite uses the small index of the unhappy ones if its condition is said. PostgreSQL concludes
    # it from names that are no parameters; said, it would expect few rows, and sort them.
    written = [literal(state.value, String, literal_execute=True) for state in sorted(states)]
    return by_database(
        sqlite=named & (attempt.c.state != State.DELIVERED.value),
        postgresql=attempt.c.state.in_(written),
    )


def indexed_conditions(table: Table, query: PlannedQuery) -> list[ColumnElement[bool]]:
    """The conditions that indexes answer: the reseller, webhook or events sought, and the time."""
    return [*scope(table, query), *period(table, query)]


def scope(table: Table, query: PlannedQuery) -> list[ColumnElement[bool]]:
    """The reseller, webhook or events sought.

    A sum has no index: it keeps the planner from one that names more lines.
    """
    c = table.c
    found: list[ColumnElement[bool]] = []
    if query.events is not None:
        found.append(number_in(c.event_id, query.events))
        if table is attempt and query.events:
            found.append(c.id >= day_partitions.since_day_of(min(query.events)))
        if query.webhook_id is not None:
            found.append(c.webhook_id + 0 == query.webhook_id)
    elif _walks_actions(table, query):
        found += _of_action(query)
    elif query.webhook_id is not None and not _walks(table, query):
        found += [
            c.webhook_id == query.webhook_id,
            without_index(c.reseller_id == query.reseller_id),
        ]
    else:
        found.append(c.reseller_id == query.reseller_id)
    return found


def period(table: Table, query: PlannedQuery) -> list[ColumnElement[bool]]:
    """Conditions on the time at which lines were made."""
    found: list[ColumnElement[bool]] = []
    if query.since is not None:
        found.append(table.c.created_at >= query.since)
    if query.until is not None:
        found.append(table.c.created_at < query.until)
    return found


def filter_conditions(table: Table, query: PlannedQuery) -> list[ColumnElement[bool]]:
    """The conditions for which each line has to be looked at."""
    found: list[ColumnElement[bool]] = []
    if query.resource is not None:
        found.append(table.c.resource == query.resource)
    if query.action is not None and not _walks_actions(table, query):
        found.append(table.c.action == query.action)
    if _walks(table, query):
        found.append(table.c.webhook_id + 0 == query.webhook_id)
    elif _walks_actions(table, query) and query.webhook_id is not None:
        found.append(without_index(table.c.webhook_id == query.webhook_id))
    return found


def _walks(table: Table, query: PlannedQuery) -> bool:
    """True if a webhook's lines are searched among the reseller's."""
    return table is delivery and query.walks_pending


def _walks_actions(table: Table, query: PlannedQuery) -> bool:
    """True if an index finds lines by action, and other filters are checked on each line."""
    return table is attempt and query.walks_actions


def _has_few_of_action(tx: Tx, query: LogQuery) -> bool:
    if query.action in (None, Action.CHANGED):  # CHANGED has no index
        return False
    some = select(literal(1)).where(*_of_action(query)).limit(SORTED_MAX + 1)
    counted = select(func.count()).select_from(some.subquery())
    return tx.connection.execute(counted).scalar_one() <= SORTED_MAX


def _of_action(query: LogQuery) -> list[ColumnElement[bool]]:
    """The closed lines of an action, said as its index has it."""
    c = attempt.c
    wanted, usual = (
        literal(one, String, literal_execute=True) for one in (query.action, Action.CHANGED)
    )
    return [
        c.reseller_id == query.reseller_id,
        c.action == wanted,
        c.action != usual,
        c.state.is_not(None),
    ]


def _has_many_pending(tx: Tx, query: LogQuery) -> bool:
    if query.webhook_id is None or not query.with_pending:
        return False
    some = select(literal(1)).where(delivery.c.webhook_id == query.webhook_id).limit(SORTED_MAX + 1)
    counted = select(func.count()).select_from(some.subquery())
    return tx.connection.execute(counted).scalar_one() > SORTED_MAX


def _events_of(tx: Tx, query: LogQuery) -> tuple[int, ...]:
    """The events of a record's newest versions, the newest first; of all records with its id."""
    found: list[tuple[int, int]] = []
    for resource in [query.resource] if query.resource else Resource:
        given = {"reseller": query.reseller_id, "uuid": query.resource_uuid, "limit": EVENTS_MAX}
        rows = bulk_read.rows(tx, _EVENTS, given | {"resource": resource.value})
        found += [(version, number) for version, number in rows]
    return tuple(number for _, number in sorted(found, reverse=True)[:EVENTS_MAX])


_EVENTS = (
    # By version, as the index is sorted: a record may have many more.
    select(event.c.version, event.c.id)
    .where(
        event.c.reseller_id == bindparam("reseller"),
        event.c.resource == bindparam("resource"),
        event.c.resource_uuid == bindparam("uuid"),
    )
    .order_by(event.c.version.desc(), event.c.id.desc())
    .limit(bindparam("limit"))
)
