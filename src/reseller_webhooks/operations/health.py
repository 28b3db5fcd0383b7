"""Health of webhooks, for the people who look after them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery_stats import (
    HOUR,
    CircuitChange,
    HourCount,
    WebhookStats,
)
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import delivery_stats

HOURS = 24
CHANGES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class WebhookCourse:
    """The health of a webhook: statistics, and results of the last HOURS hours with the current
    one.

    failing: for each hour, whether the circuit was open in it. since: when the first of them
    began, on the full hour. now: when it was asked.
    """

    standing: WebhookStats
    tally: HourCount
    failing: Sequence[bool]
    since: Micros
    now: Micros


def courses(database: Database, rows: Sequence[WebhookRow]) -> Mapping[int, WebhookCourse]:
    """The health of each webhook, by the store's number."""
    numbers = [row.id for row in rows]
    with database.read() as tx:
        since = tx.now // HOUR * HOUR - (HOURS - 1) * HOUR
        standings = delivery_stats.webhook_stats(tx, numbers)
        tallies = delivery_stats.hour_counts(tx, numbers, since=since, hours=HOURS)
        changes = delivery_stats.circuit_changes_since(tx, numbers, since)
        return {
            row.id: WebhookCourse(
                standings[row.id],
                tallies[row.id],
                _failing(row, changes[row.id], since, tx.now),
                since,
                tx.now,
            )
            for row in rows
        }


def circuit_changes(database: Database, webhook_id: int) -> list[CircuitChange]:
    """The newest openings and closings of a webhook's circuit, newest first."""
    with database.read() as tx:
        return delivery_stats.circuit_changes(tx, webhook_id, limit=CHANGES_SHOWN)


def _failing(
    row: WebhookRow, changes: Sequence[CircuitChange], since: Micros, now: Micros
) -> list[bool]:
    outages = list(_outages(row, changes, since, now))
    starts = [since + hour * HOUR for hour in range(HOURS)]
    return [any(a < start + HOUR and b > start for a, b in outages) for start in starts]


def _outages(
    row: WebhookRow, changes: Sequence[CircuitChange], since: Micros, now: Micros
) -> Iterator[tuple[Micros, Micros]]:
    """Periods from `since` on in which the circuit was open."""
    begun = since if changes and not changes[0].is_open else None
    if not changes and row.circuit == "OPEN":
        begun = max(since, row.circuit_at or since)
    for change in changes:
        if change.is_open:
            begun = change.at
        elif begun is not None:
            yield begun, change.at
            begun = None
    if begun is not None:
        yield begun, now
