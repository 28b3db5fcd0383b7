"""The maintenance jobs: what each does in one step, and the record of how they fare.

A step is one small transaction, or two, so that ingest never waits long for the writer. It answers
how much it did; 0 says that nothing is left to do.
"""

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access.permissions import LONGEST_LOCK_S
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.health.maintenance import JobStatus, MaintenanceJob
from reseller_webhooks.core.jobs import FAILURES_MAX
from reseller_webhooks.operations.authentication import RESET_LIVES, SESSION_LIVES
from reseller_webhooks.operations.invites import INVITE_LIFETIME
from reseller_webhooks.operations.jobs import AFTER_FAILURE
from reseller_webhooks.operations.login_throttle import FORGOTTEN_AFTER
from reseller_webhooks.operations.users import LINK_LIVES
from reseller_webhooks.operations.webhooks import BOTH_SIGN_FOR
from reseller_webhooks.store.access import (
    audit,
    invites,
    login_failures,
    sessions,
    sign_in_links,
)
from reseller_webhooks.store.cluster import history, maintenance, maintenance_clock, retention
from reseller_webhooks.store.db import day_partitions, privileges, space
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.errors import words_of
from reseller_webhooks.store.deliveries import deadlines, deliveries, giving_up
from reseller_webhooks.store.deliveries.deadlines import Longest
from reseller_webhooks.store.records import idempotency
from reseller_webhooks.store.webhooks import webhooks

KEYS_KEPT = 2 * DAY
"""Time for which a repeated Idempotency-Key is recognised."""
AUDIT_KEPT = 730 * DAY
"""Time for which the audit log is kept, far longer than notifications."""
LONGEST = Longest(
    session=SESSION_LIVES,
    password_reset=RESET_LIVES,
    sign_in_link=LINK_LIVES,
    invite=INVITE_LIFETIME,
    lockout=LONGEST_LOCK_S * SECOND,
    previous_secret=BOTH_SIGN_FOR,
    backfill_step=SECOND,
    job_claim=FAILURES_MAX * AFTER_FAILURE,
)
BATCH = 2_000
"""Rows dropped in one transaction, so that ingest never waits long for the writer."""
PAGES = 500
"""Free pages of an SQLite file given back in one transaction: 2 MB, a few milliseconds."""
WEBHOOKS = 100
"""Deleted webhooks dropped in one transaction: each is looked for in every day of the log."""


def check_clock(database: Database) -> Micros:
    """Note the time, and pull back deadlines that are too far in the future.

    If the clock was set ahead by much, or nothing ran for long: the gap, and nothing is deleted
    or begun for a while.
    """
    with database.write() as tx:
        deadlines.pull_back(tx, LONGEST)
        return maintenance_clock.note(tx)


def drop_events(database: Database, *, retention_days: int) -> int:
    """Delete one batch of events and attempts past their retention, or one day of them."""
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        return retention.drop(tx, tx.now - retention_days * DAY, limit=BATCH)


def expire_deliveries(database: Database, *, retention_days: int, schedule_s: float) -> int:
    """Give up one batch of deliveries that waited for as long as notifications are kept.

    schedule_s: how long a whole schedule takes; nobody is given less, however short the retention.
    """
    kept = max(retention_days * DAY, int(schedule_s * SECOND))
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        return giving_up.expired(tx, before=tx.now - kept, limit=BATCH)


def drop_history(database: Database, *, retention_days: int) -> int:
    """Delete one batch of old circuit changes, revoked keys, workers, jobs and webhooks."""
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        before = tx.now - retention_days * DAY
        dropped = history.drop(tx, before, limit=BATCH)
        return dropped + history.drop_webhooks(tx, before, limit=WEBHOOKS)


def drop_audit(database: Database) -> int:
    """Delete one batch of the audit log's oldest lines."""
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        return audit.forget(tx, tx.now - AUDIT_KEPT, limit=BATCH)


def drop_idempotency(database: Database) -> int:
    """Delete one batch of answers to old Idempotency-Keys."""
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        return idempotency.forget(tx, tx.now - KEYS_KEPT, limit=BATCH)


def drop_expired_access(database: Database) -> int:
    """Delete sessions, invites and links that have expired, and counts of old wrong passwords."""
    with database.write() as tx:
        if maintenance_clock.is_held(tx):
            return 0
        sessions.forget_expired(tx)
        invites.forget_expired(tx)
        sign_in_links.forget_expired(tx)
        login_failures.forget(tx, tx.now - FORGOTTEN_AFTER)
    return 0


def turn_day(database: Database) -> int:
    """Begin a new day of events and attempts, where days are kept; 0 when there was none to begin.

    In transactions of their own: partitions must be there for all before an id points to them.
    """
    with database.write() as tx:
        if not day_partitions.are_kept(tx) or maintenance_clock.is_held(tx):
            return 0
        day_partitions.make(tx)
    with database.write() as tx:
        return day_partitions.turn(tx)


def cancel_left(database: Database) -> int:
    """Cancel one batch of deliveries of deleted webhooks; returns the number, 0 at the end."""
    with database.write() as tx:
        return sum(
            deliveries.cancel(tx, number, limit=BATCH)
            for number in webhooks.deleted_with_deliveries(tx, limit=1)
        )


def give_space_back(database: Database) -> int:
    """Give free pages of an SQLite file back to the disk; how many."""
    return space.give_back(database, limit=PAGES)


def note_success(database: Database, job: MaintenanceJob) -> None:
    """Record that a job did its work."""
    with database.write() as tx:
        maintenance.note_success(tx, job)


def note_failure(database: Database, job: MaintenanceJob, failure: str) -> None:
    """Record that a job failed, and why."""
    with database.write() as tx:
        maintenance.note_failure(tx, job, failure)


def failure_of(error: Exception) -> str:
    """The reason why a job failed, in one line, with the remedy if a right is missing."""
    text = words_of(error) or type(error).__name__
    lacks_right = isinstance(error, Unavailable) and error.cause is Cause.RIGHTS
    return f"{text}; {privileges.REMEDY}" if lacks_right else text


def statuses(database: Database) -> list[JobStatus]:
    """The last success and failure of each job in any process."""
    with database.read() as tx:
        return maintenance.statuses(tx)
