"""The delivery log: search, live updates and single retries. The engine uses delivery_queue.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import (
    AttemptRow,
    LogLine,
    LogPosition,
    LogQuery,
    Position,
)
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.messages.webhooks import DELIVERY_NOT_REPEATABLE, DELIVERY_PENDING
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.webhooks.webhook import HoldReason
from reseller_webhooks.operations import generations
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, log, log_changes
from reseller_webhooks.store.deliveries.log_counts import LineCount, count_by_tab, reach
from reseller_webhooks.store.deliveries.log_query import PlannedQuery, plan
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import webhooks

SEARCH_S = 1.0
"""Time limit of a search for lines that no index finds."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the log with the ids that users see. hold: why it waits, if it is pending."""

    line: LogLine
    event: str
    webhook: str
    url: str
    hold: HoldReason | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """A delivery with its event and attempts. event is None once its retention is over.

    previous: the event before it of the same resource, if it is kept. repeat: the newest
    delivery that repeats it, if any.
    """

    entry: LogEntry
    event: Event | None
    attempts: list[AttemptRow]
    previous: Event | None = None
    repeat: int | None = None


def tallies(
    database: Database, query: LogQuery, tabs: Iterable[frozenset[State]]
) -> list[LineCount]:
    """The number of lines of a query on each tab, as far as they are counted."""
    with database.read() as tx:
        return list(count_by_tab(tx, query, tabs))


def page(database: Database, query: LogQuery) -> list[LogEntry]:
    """One page of the log, newest first."""
    with database.read() as tx:
        return _entries(tx, log.page(tx, query))


def of_event(database: Database, event: Event, *, limit: int) -> list[LogEntry]:
    """The deliveries of one event, newest first."""
    with database.read() as tx:
        number = events.number_of(tx, event.uuid)
        if number is None:
            return []
        query = PlannedQuery(event.reseller_id, events=(number,), limit=limit)
        return _entries(tx, log.page(tx, query))


def search(database: Database, query: LogQuery) -> tuple[list[LogEntry], Position | None]:
    """As `page`, but looking back step by step until it is full or SEARCH_S is over.

    Also where to go on, None when all was looked at. Each step is a transaction of its own: lines
    that come meanwhile are newer than where it goes on.
    """
    ends_s = monotonic_s() + SEARCH_S
    found: list[LogEntry] = []
    while True:
        with database.read() as tx:
            query = plan(tx, query)
            end = reach(tx, query)
            lines = log.page(tx, replace(query, down_to=end))
            found += _entries(tx, lines)
        if end is None or len(lines) == query.limit or monotonic_s() >= ends_s:
            return found, end
        query = replace(query, behind=end, limit=query.limit - len(lines))


def get(database: Database, delivery_id: int, *, reseller_id: int) -> Details:
    """One delivery with its payload and attempts."""
    with database.read() as tx:
        line = log.line(tx, delivery_id, reseller_id=reseller_id)
        if line is None:
            raise NotFound("delivery", str(delivery_id))
        entry = _entries(tx, [line])[0]
        event = events.by_uuid(tx, entry.event, reseller_id=reseller_id) if entry.event else None
        tried = log.attempts(tx, delivery_id)
        return Details(entry, event, tried, _previous(tx, event), log.repeat(tx, line))


def retry(database: Database, delivery_id: int, *, reseller_id: int) -> int:
    """A new delivery of the same event to the same webhook; its number.

    Conflict while that is under way already, or when its webhook or event is gone.
    """
    generations.notice_promotion(database)
    with database.write() as tx:
        line = log.line(tx, delivery_id, reseller_id=reseller_id)
        if line is None:
            raise NotFound("delivery", str(delivery_id))
        if line.state is State.PENDING:
            raise Conflict(DELIVERY_PENDING())
        made = deliveries.replay(tx, [delivery_id])
        if not made:
            raise Conflict(DELIVERY_NOT_REPEATABLE())
        subject = Subject(*webhooks.names(tx, {line.webhook_id})[line.webhook_id], reseller_id)
        audit.write(tx, Act.WEBHOOK_DELIVERY_RETRIED, subject)
        return made[0]


def since(
    database: Database, after: int, *, reseller_id: int, limit: int = 100
) -> tuple[int, list[LogEntry]]:
    """Lines that attempts with a number above `after` changed, and the number to continue from.

    An attempt that is committed late is not passed by.
    """
    with database.read() as tx:
        upto = log_changes.attempt_upto(database, tx, after)
        if upto <= after:
            return upto, []
        position, touched = log.touched_between(
            tx, after, upto, reseller_id=reseller_id, limit=limit
        )
        lines = [log.line(tx, one, reseller_id=reseller_id) for one in touched]
        return position, _entries(tx, [line for line in lines if line])


def mark(database: Database) -> LogPosition:
    """The current end of the log."""
    with database.read() as tx:
        return log_changes.start(database, tx)


def news_since(
    database: Database, since: LogPosition, *, reseller_id: int, limit: int
) -> tuple[LogPosition, list[LogLine]]:
    """Lines that are new or have changed, at most `limit`; and how far the log goes now."""
    with database.read() as tx:
        upto = log_changes.advanced(database, tx, since)
        if upto.attempt <= since.attempt and upto.delivery <= since.delivery:
            return upto, []
        touched = log_changes.changed_between(tx, since, upto, reseller_id=reseller_id, limit=limit)
        return upto, log.lines(tx, touched, reseller_id=reseller_id)


def first_attempt(database: Database) -> int:
    """The attempt number at which a live view begins."""
    with database.read() as tx:
        return log_changes.first_attempt(database, tx)


def _previous(tx: Tx, event: Event | None) -> Event | None:
    if event is None:
        return None
    before = events.of_resource(
        tx,
        event.resource,
        event.resource_uuid,
        reseller_id=event.reseller_id,
        before=event.version,
        limit=1,
    )
    return before[0] if before else None


def _entries(tx: Tx, lines: Sequence[LogLine]) -> list[LogEntry]:
    uuids = log.event_uuids(tx, [line.event_id for line in lines])
    names = webhooks.names(tx, {line.webhook_id for line in lines})
    pending = {line.webhook_id for line in lines if line.state is State.PENDING}
    holds = webhooks.holds(tx, pending)
    return [
        LogEntry(
            line,
            uuids.get(line.event_id, ""),
            *names.get(line.webhook_id, ("", "")),
            hold=holds.get(line.webhook_id) if line.state is State.PENDING else None,
        )
        for line in lines
    ]
