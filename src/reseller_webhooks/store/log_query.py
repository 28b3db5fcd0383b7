"""Which lines of the log: the filters, and as what conditions the tables are asked.

Every filter has an index that is already sorted as the log is, or names few lines.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Select, Table, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.delivery import State
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.store import days
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import attempt, event

EVENTS_MAX = 5_000
"""The newest changes of a record of which the log tells, when it is asked for that record."""

Position = tuple[Micros, int]
"""created_at and delivery id of a line; the next page begins behind it."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines: None means any. since is included, until is not; both microseconds UTC.

    down_to: the oldest position that is looked at, itself included.
    """

    reseller_id: int
    states: frozenset[State] = frozenset()
    resource: Resource | None = None
    action: Action | None = None
    webhook_id: int | None = None
    resource_uuid: str | None = None
    since: Micros | None = None
    until: Micros | None = None
    behind: Position | None = None
    limit: int = 50
    down_to: Position | None = None
    events: tuple[int, ...] | None = field(default=None, repr=False)
    """Those of resource_uuid, once they were sought."""


def sought(tx: Tx, query: LogQuery) -> LogQuery:
    """The query with the events of its resource, so that their days are known to the planner."""
    if query.resource_uuid is None or query.events is not None:
        return query
    return replace(query, events=tuple(tx.connection.scalars(_events_of(query))))


def closed_as(states: frozenset[State]) -> ColumnElement[bool]:
    """Which attempts closed a delivery, in one of these states; none named: in any."""
    if not states:
        return attempt.c.state.is_not(None)
    named = attempt.c.state.in_(sorted(states))
    if State.DELIVERED in states:
        return named
    # Says what follows from the names, so that the small index of the unhappy ones is used.
    return named & (attempt.c.state != State.DELIVERED.value)


def whose(table: Table, query: LogQuery) -> list[ColumnElement[bool]]:
    """The conditions that indexes answer: the reseller, webhook or events sought, and the time."""
    c = table.c
    found: list[ColumnElement[bool]] = []
    if query.events is not None:
        found.append(c.event_id.in_(query.events))
        if table is attempt and query.events:
            found.append(c.id >= days.since_day_of(min(query.events)))
    else:
        found.append(c.reseller_id == query.reseller_id)
    if query.webhook_id is not None:
        found.append(c.webhook_id == query.webhook_id)
    if query.since is not None:
        found.append(c.created_at >= query.since)
    if query.until is not None:
        found.append(c.created_at < query.until)
    return found


def sifted(table: Table, query: LogQuery) -> list[ColumnElement[bool]]:
    """The conditions for which each line has to be looked at."""
    found: list[ColumnElement[bool]] = []
    if query.resource is not None:
        found.append(table.c.resource == query.resource)
    if query.action is not None:
        found.append(table.c.action == query.action)
    return found


def _events_of(query: LogQuery) -> Select[tuple[int]]:
    resources = [query.resource] if query.resource else list(Resource)
    return (
        select(event.c.id)
        .where(
            event.c.reseller_id == query.reseller_id,
            event.c.resource.in_(resources),
            event.c.resource_uuid == query.resource_uuid,
        )
        .order_by(event.c.id.desc())
        .limit(EVENTS_MAX)
    )
