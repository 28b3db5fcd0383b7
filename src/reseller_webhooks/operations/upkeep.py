"""What has to be done now and then: dropping what is past its time, in small transactions."""

from reseller_webhooks.clock import DAY
from reseller_webhooks.operations.guesses import FORGOTTEN_AFTER
from reseller_webhooks.store import (
    access,
    audit,
    days,
    deliveries,
    guesses,
    idempotency,
    invites,
    retention,
    sessions,
    webhooks,
)
from reseller_webhooks.store.database import Database

KEYS_KEPT = 2 * DAY
"""How long a repeated Idempotency-Key is recognised."""
AUDIT_KEPT = 730 * DAY
"""Who did what is asked for long after the notifications it led to are gone."""
BATCH = 2_000
"""Rows dropped in one transaction, so that ingest never waits long for the writer."""


def drop_old(database: Database, *, retention_days: int) -> int:
    """Drop one batch of what is past its retention; how many rows, 0 when there was nothing."""
    with database.write() as tx:
        dropped = retention.drop(tx, tx.now - retention_days * DAY, limit=BATCH)
    with database.write() as tx:  # apart, since to drop a day holds everybody up
        sessions.forget_expired(tx)
        invites.forget_expired(tx)
        access.forget_expired_links(tx)
        guesses.forget(tx, tx.now - FORGOTTEN_AFTER)
        dropped += audit.forget(tx, tx.now - AUDIT_KEPT, limit=BATCH)
        return dropped + idempotency.forget(tx, tx.now - KEYS_KEPT, limit=BATCH)


def turn_day(database: Database) -> int:
    """Begin a new day of events and attempts, where days are kept; 0 when there was none to begin.

    In transactions of their own: partitions must be there for all before an id points to them.
    """
    with database.write() as tx:
        if not days.are_kept(tx):
            return 0
        days.make(tx)
    with database.write() as tx:
        return days.turn(tx)


def cancel_left(database: Database) -> int:
    """Cancel one batch of what is left of deleted webhooks; how many, 0 when there was nothing."""
    with database.write() as tx:
        return sum(
            deliveries.cancel(tx, number, limit=BATCH)
            for number in webhooks.deleted_with_deliveries(tx, limit=1)
        )
