"""The pull feed: a reseller's events, oldest first and without gaps.

A page ends at the read horizon (core/sync/horizon.py), below which no event can appear any more,
so a reader that goes on from its cursor misses none, however late its commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import CursorExpired
from reseller_webhooks.operations.sync import SyncPosition
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.shared_horizon import SettledHorizon
from reseller_webhooks.store.records import event_feed, generations
from reseller_webhooks.store.records.event_feed import WINDOW, FeedEvent

WINDOWS_MAX = 20
"""Statements for one page: a reader of few events among many gets empty pages meanwhile."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events and the position behind them.

    generation: of the store, part of every position. has_more: whether to read on at once.
    is_pending: whether a transaction that is still open may add events.
    """

    events: Sequence[FeedEvent]
    position: SyncPosition
    has_more: bool
    is_pending: bool


def page(
    database: Database,
    *,
    reseller_id: int,
    resource: Resource | None = None,
    after: SyncPosition | None = None,
    since: Micros | None = None,
    limit: int = 100,
) -> FeedPage:
    """A page from behind a position, or from an instant on. CursorExpired.

    A position of another generation, or one that the store has not reached, begins anew: then the
    store went back in time, and it is not known which events the reader has.
    """
    with database.read() as tx:
        generation = generations.current(tx).number
        settled = horizon.settled(database, tx, "event")
        if since is not None:
            start = _before(tx, since, settled.upto)
        else:
            start = _start(tx, after, generation, settled)
        events, end = _read(tx, reseller_id, resource, start, settled, limit=limit)
    return FeedPage(
        events,
        SyncPosition(end, generation),
        has_more=end < settled.upto,
        is_pending=settled.upto < settled.newest,
    )


def _start(tx: Tx, after: SyncPosition | None, generation: int, settled: SettledHorizon) -> int:
    """The number to read from. CursorExpired if events behind `after` are deleted."""
    oldest = event_feed.oldest(tx)
    before = settled.upto if oldest is None else oldest - 1
    if after is None or after.generation != generation or after.number > settled.newest:
        return before
    if oldest is not None and after.number < before:
        raise CursorExpired
    return after.number


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
        end = min(start + WINDOW, settled.upto)
        if end <= start:
            break
        found = event_feed.between(tx, reseller_id, resource, start, end, limit=limit)
        if found.has_more:
            return found.rows, found.rows[-1].number
        start = end
        if found.rows:
            return found.rows, end
    return [], start
