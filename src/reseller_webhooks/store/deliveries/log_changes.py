"""Changes of the log: deliveries that were made or attempted since a position."""

from sqlalchemy import select

from reseller_webhooks.core.deliveries.log import LogPosition
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.shared_horizon import SettledHorizon
from reseller_webhooks.store.tables import attempt, delivery

AGAIN_MAX = 1_000
"""The most lines of the whole log that a live view may repeat from before it was opened."""


def start(database: Database, tx: Tx) -> LogPosition:
    """The position at which a new view begins."""
    return LogPosition(
        *(_start(horizon.settled(database, tx, table)) for table in ("attempt", "delivery"))
    )


def first_attempt(database: Database, tx: Tx) -> int:
    """The position at which a new view of attempts alone begins."""
    return _start(horizon.settled(database, tx, "attempt"))


def advanced(database: Database, tx: Tx, since: LogPosition) -> LogPosition:
    """The position up to which a view that stands at `since` can read now."""
    return LogPosition(
        attempt_upto(database, tx, since.attempt),
        _upto(database, tx, "delivery", since.delivery),
    )


def attempt_upto(database: Database, tx: Tx, since: int) -> int:
    """As `advanced`, of attempts alone."""
    return _upto(database, tx, "attempt", since)


def _upto(database: Database, tx: Tx, table: str, since: int) -> int:
    if horizon.last_number(tx, table) == since:
        return since  # by far the most often, and asks for no locks
    settled = horizon.settled(database, tx, table)
    # A mark that the store has not reached is from before it was restored from a copy.
    return max(settled.upto, since) if since <= settled.newest else settled.upto


def _start(settled: SettledHorizon) -> int:
    """The first number to read. A long-running writer does not make a view begin with all rows
    since."""
    return max(settled.upto, settled.newest - AGAIN_MAX)


def changed_between(
    tx: Tx, since: LogPosition, upto: LogPosition, *, reseller_id: int, limit: int
) -> list[int]:
    """The numbers of up to `limit` deliveries that were attempted or made between two marks."""
    asked = (
        select(attempt.c.delivery_id).where(
            attempt.c.id > since.attempt,
            attempt.c.id <= upto.attempt,
            attempt.c.reseller_id == reseller_id,
        ),
        select(delivery.c.id).where(
            delivery.c.id > since.delivery,
            delivery.c.id <= upto.delivery,
            delivery.c.reseller_id == reseller_id,
        ),
    )
    found: set[int] = set()
    for one in asked:
        found |= set(tx.connection.execute(one.limit(limit - len(found))).scalars())
        if len(found) >= limit:
            break
    return sorted(found)
