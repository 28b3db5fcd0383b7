"""The maintenance jobs: what each does in one step, and the record of how they fare.

A step is one small transaction, or two, so that ingest never waits long for the writer. It answers
how much it did; 0 says that nothing is left to do.
"""

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.maintenance import Job, JobStatus
from reseller_webhooks.operations.guesses import FORGOTTEN_AFTER
from reseller_webhooks.store import (
    access,
    audit,
    days,
    deliveries,
    guesses,
    idempotency,
    invites,
    privileges,
    retention,
    sessions,
    webhooks,
)
from reseller_webhooks.store import maintenance as store
from reseller_webhooks.store.database import Database

KEYS_KEPT = 2 * DAY
"""How long a repeated Idempotency-Key is recognised."""
AUDIT_KEPT = 730 * DAY
"""Who did what is asked for long after the notifications it led to are gone."""
BATCH = 2_000
"""Rows dropped in one transaction, so that ingest never waits long for the writer."""


def drop_events(database: Database, *, retention_days: int) -> int:
    """Delete one batch of events and attempts past their retention, or one day of them."""
    with database.write() as tx:
        return retention.drop(tx, tx.now - retention_days * DAY, limit=BATCH)


def drop_audit(database: Database) -> int:
    """Delete one batch of the audit log's oldest lines."""
    with database.write() as tx:
        return audit.forget(tx, tx.now - AUDIT_KEPT, limit=BATCH)


def drop_idempotency(database: Database) -> int:
    """Delete one batch of answers to old Idempotency-Keys."""
    with database.write() as tx:
        return idempotency.forget(tx, tx.now - KEYS_KEPT, limit=BATCH)


def drop_expired_access(database: Database) -> int:
    """Delete sessions, invites and links that have expired, and counts of old wrong passwords."""
    with database.write() as tx:
        sessions.forget_expired(tx)
        invites.forget_expired(tx)
        access.forget_expired_links(tx)
        guesses.forget(tx, tx.now - FORGOTTEN_AFTER)
    return 0


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


def note_success(database: Database, job: Job) -> None:
    """Record that a job did its work."""
    with database.write() as tx:
        store.note_success(tx, job)


def note_failure(database: Database, job: Job, failure: str) -> None:
    """Record that a job failed, and why."""
    with database.write() as tx:
        store.note_failure(tx, job, failure)


def failure_of(error: Exception) -> str:
    """Why a job failed, in one line, with the remedy where it is a right that is missing."""
    cause = getattr(error, "orig", None) or error
    text = str(cause).strip().split("\n", 1)[0] or type(cause).__name__
    return f"{text}; {privileges.REMEDY}" if privileges.is_missing(error) else text


def statuses(database: Database) -> list[JobStatus]:
    """How each job fares, whichever process ran it."""
    with database.read() as tx:
        return store.statuses(tx)
