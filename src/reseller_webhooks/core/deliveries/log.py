"""The delivery log: its lines, attempts, filters and positions. Instants: microseconds UTC."""

from dataclasses import dataclass, field

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.messages import Message

Position = tuple[int, int]
"""created_at and delivery id of a line; the next page begins behind it."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Filters of the log: None means any. since is included, until is not; both microseconds UTC.

    down_to: the oldest position to read, included.
    """

    reseller_id: int
    states: frozenset[State] = frozenset()
    resource: Resource | None = None
    action: Action | None = None
    webhook_id: int | None = None
    resource_uuid: str | None = None
    since: int | None = None
    until: int | None = None
    behind: Position | None = None
    limit: int = 50
    down_to: Position | None = None

    @property
    def with_pending(self) -> bool:
        """True if the query includes pending deliveries."""
        return not self.states or State.PENDING in self.states


@dataclass(frozen=True, slots=True)
class LogLine:
    """A delivery as the log shows it.

    attempts: made so far. last_*: of the newest attempt. next_at: only while pending.
    """

    delivery_id: int
    event_id: int
    webhook_id: int
    resource: Resource
    action: Action
    resource_uuid: str
    version: int
    state: State
    created_at: int
    attempts: int
    replay_of: int | None
    next_at: int | None = None
    last_at: int | None = None
    last_status: int | None = None
    last_reason: str | None = None
    last_message: Message | None = None

    def fits(self, query: LogQuery) -> bool:
        """True if the line matches the query, on any page."""
        return (
            (not query.states or self.state in query.states)
            and query.resource in (None, self.resource)
            and query.action in (None, self.action)
            and query.webhook_id in (None, self.webhook_id)
            and query.resource_uuid in (None, self.resource_uuid)
            and (query.since is None or self.created_at >= query.since)
            and (query.until is None or self.created_at < query.until)
        )


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt of a delivery. outcome is None on a line that closed it without a request."""

    number: int
    at: int
    ms: int
    outcome: str | None
    status: int | None
    reason: str | None
    message: Message | None
    response: str = field(repr=False)
    state: State | None
    response_headers: dict[str, str] | None = field(default=None, repr=False)
    note: Message | None = None


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A reader's position: attempts and deliveries up to these ids were read."""

    attempt: int
    delivery: int
