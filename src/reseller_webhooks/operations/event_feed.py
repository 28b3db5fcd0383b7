"""The pull feed: a reseller's events, oldest first and without gaps.

A page ends at the read horizon (core/sync/horizon.py), below which no event can appear any more,
so a reader that goes on from its cursor misses none, however late its commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import CursorExpired
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.shared_horizon import SettledHorizon
from reseller_webhooks.store.records import event_feed, generations
from reseller_webhooks.store.records.event_feed import FeedEvent

TRANSACTION: Micros = 60 * SECOND
"""More than a transaction lasts: how far numbers and times of events may differ in sequence."""
WINDOWS_MAX = 20
"""Statements for one page: a reader of few events among many gets empty pages meanwhile."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A reader's position.

    number: of the last event that it has seen, its own or others'. generation: of the store.
    at: a time in microseconds UTC; events behind the position were made later, give or take a
    minute. 0 if that is not known.
    """

    number: int
    generation: int
    at: Micros


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events and the position behind them.

    has_more: whether to read on at once. is_pending: whether a transaction that is still open may
    add events.
    """

    events: Sequence[FeedEvent]
    position: FeedPosition
    has_more: bool
    is_pending: bool

    def behind(self, one: FeedEvent) -> FeedPosition:
        """The position behind one of the events."""
        return FeedPosition(one.number, self.position.generation, one.changed_at)


def page(
    database: Database,
    *,
    reseller_id: int,
    keeps: Micros,
    resource: Resource | None = None,
    after: FeedPosition | None = None,
    since: Micros | None = None,
    limit: int = 100,
) -> FeedPage:
    """A page from behind a position, or from an instant on. CursorExpired.

    keeps: how long events are kept. A position of another generation, or one that the store has
    not reached, begins anew: then the store went back in time, and it is not known which events
    the reader has.
    """
    with database.read() as tx:
        generation = generations.current(tx).number
        settled = horizon.settled(database, tx, "event")
        if since is not None:
            start = _before(tx, since, settled.upto)
        elif after is None or after.generation != generation or after.number > settled.newest:
            start = _oldest(tx, settled)
        else:
            _check_kept(tx, after, settled, keeps)
            start = after.number
        events, end = _read(tx, reseller_id, resource, start, settled, limit=limit)
        has_more = end < settled.upto
        at = 0 if has_more and not events else events[-1].changed_at if has_more else tx.now
    return FeedPage(
        events,
        FeedPosition(end, generation, at),
        has_more=has_more,
        is_pending=settled.upto < settled.newest,
    )


def _oldest(tx: Tx, settled: SettledHorizon) -> int:
    """The number before that of the oldest event. Older ones may still be committed."""
    oldest = event_feed.oldest(tx)
    return settled.upto if oldest is None else min(oldest - 1, settled.upto)


def _check_kept(tx: Tx, after: FeedPosition, settled: SettledHorizon, keeps: Micros) -> None:
    """CursorExpired if events behind a position may have been deleted.

    Numbers alone do not tell: transactions that are rolled back leave gaps, erasures too.
    """
    is_old = after.at + keeps < tx.now + TRANSACTION
    if is_old and after.number < _oldest(tx, settled):
        raise CursorExpired


def _before(tx: Tx, since: Micros, upto: int) -> int:
    first = event_feed.first_since(tx, since)
    return upto if first is None else min(first - 1, upto)


def _read(
    tx: Tx,
    reseller_id: int,
    resource: Resource | None,
    start: int,
    settled: SettledHorizon,
    *,
    limit: int,
) -> tuple[Sequence[FeedEvent], int]:
    """The events of the first window that has any, and the position behind them."""
    for _ in range(WINDOWS_MAX):
        if start >= settled.upto:
            break
        end = event_feed.window_end(tx, start, settled.upto)
        found = event_feed.between(tx, reseller_id, resource, start, end, limit=limit)
        if found.has_more:
            return found.rows, found.rows[-1].number
        start = end
        if found.rows:
            return found.rows, end
    return [], start
