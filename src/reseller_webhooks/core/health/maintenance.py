"""The maintenance jobs, and when one of them is overdue."""

from dataclasses import dataclass
from enum import StrEnum

MICROS_PER_S = 1_000_000
OVERDUE_AFTER = 3600 * MICROS_PER_S
"""A job runs each minute, so an hour without success is not an accident."""


class MaintenanceJob(StrEnum):
    """Jobs that run each minute on every worker. The values are labels of a metric."""

    CLOCK = "clock"
    """Note the time, and pull back deadlines from before the clock was set back."""
    GENERATION = "generation"
    """Detect that the store went back in time, and lift records above the versions sent before."""
    PARTITIONS = "partitions"
    """Create the partitions of the coming days, and let ids begin with today (PostgreSQL)."""
    CANCELLATIONS = "cancellations"
    """Cancel what deleted webhooks have left."""
    EXPIRY = "expiry"
    """Give up deliveries that waited for longer than notifications are kept."""
    EVENTS = "events"
    """Delete events and attempts that are past their retention."""
    HISTORY = "history"
    """Delete old changes of circuits, revoked API keys, dead workers, finished jobs, and deleted
    webhooks that no line of the log names."""
    TOMBSTONES = "tombstones"
    """Delete tombstones of records that were removed long ago."""
    AUDIT = "audit"
    """Delete old lines of the audit log."""
    IDEMPOTENCY = "idempotency"
    """Delete old answers to Idempotency-Keys."""
    STORED_BYTES = "stored_bytes"
    """Count how much each reseller has stored."""
    ACCESS = "access"
    """Delete expired sessions, invites, sign-in links and counts of wrong passwords."""
    SPACE = "space"
    """Give free pages of the file back to the disk (SQLite)."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The recent results of a job, in whichever process it ran.

    since: microseconds UTC, when it was first tried. succeeded_at, failed_at: the last time.
    failure: why it failed then, in one line; empty when it never did.
    """

    job: str
    since: int
    succeeded_at: int | None
    failed_at: int | None
    failure: str

    def overdue_s(self, now: int) -> int:
        """Seconds without success, where that is too long; else 0."""
        waited = now - (self.succeeded_at or self.since)
        return waited // MICROS_PER_S if waited > OVERDUE_AFTER else 0
