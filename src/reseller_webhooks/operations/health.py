"""How webhooks fare, for the people who look after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import Micros
from reseller_webhooks.store import health as store
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.health import HOUR, CircuitChange, Standing, Tally
from reseller_webhooks.store.webhooks import WebhookRow

HOURS = 24
CHANGES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Course:
    """How a webhook stands now, and what came of the last HOURS hours, the present one included.

    since: when the first of those hours began, on the full hour. now: when it was asked.
    """

    standing: Standing
    tally: Tally
    since: Micros
    now: Micros


def courses(
    database: Database, reseller_id: int, rows: Sequence[WebhookRow]
) -> Mapping[int, Course]:
    """How each of the reseller's webhooks fares, by the store's number."""
    numbers = [row.id for row in rows]
    with database.read() as tx:
        since = tx.now // HOUR * HOUR - (HOURS - 1) * HOUR
        standings = store.standings(tx, numbers)
        tallies = store.tallies(tx, reseller_id, numbers, since=since, hours=HOURS)
        return {one: Course(standings[one], tallies[one], since, tx.now) for one in numbers}


def circuit_changes(database: Database, webhook_id: int) -> list[CircuitChange]:
    """The newest openings and closings of a webhook's circuit, newest first."""
    with database.read() as tx:
        return store.circuit_changes(tx, webhook_id, limit=CHANGES_SHOWN)
