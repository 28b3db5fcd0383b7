"""Background jobs: work that grows with a reseller, done in small steps outside of requests.

Owns what a job is, how it ends, and how many of a reseller run at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reseller_webhooks.core.access.audit import Actor
from reseller_webhooks.core.messages import Message, MessageCode
from reseller_webhooks.core.messages.webhooks import JOB_STEP_FAILED
from reseller_webhooks.core.sync.backfills import Backfill, BackfillState

RUNNING_MAX = 2
"""Jobs of a reseller that run at once; later ones are queued."""
UNFINISHED_MAX = 50
"""Unfinished jobs of a reseller; a further job is refused."""
FAILURES_MAX = 5
"""Steps that fail in a row before a job is given up."""


class JobKind(StrEnum):
    """Kinds of jobs."""

    RETRY_FAILED = "RETRY_FAILED"
    """Make a new delivery for each failed one of a period."""
    RETRY_PENDING = "RETRY_PENDING"
    """Make a webhook's pending deliveries due now."""
    BACKFILL = "BACKFILL"
    """Send the current state of every record to a webhook."""


class JobState(StrEnum):
    """QUEUED: no step was taken yet. FAILED: given up, see the job's reason."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class JobReason(StrEnum):
    """Reasons for which a job ended before it was done."""

    STEP_FAILED = "STEP_FAILED"


MESSAGES: Mapping[str, MessageCode] = {JobReason.STEP_FAILED: JOB_STEP_FAILED}
"""The message of each reason."""


@dataclass(frozen=True, slots=True)
class JobPosition:
    """The last line of the event log that a job has handled. created_at: microseconds UTC."""

    created_at: int
    delivery_id: int


@dataclass(frozen=True, slots=True)
class Job:
    """A background job. Instants are microseconds UTC.

    uuid: its id in the API; that of a backfill is its webhook's.
    webhook_id: the webhook it is about; None for all of the reseller.
    since, until: the period of the failed deliveries; until is excluded.
    total: items to handle, None while they are not counted. handled: items so far.
    made: deliveries that were made, or made due.
    claim: counts who has worked on it; only the newest claim may write.
    next_at: when it may be claimed next. failures: steps that failed in a row.
    reason: why it ended by itself, as a JobReason. message: the same of a backfill.
    """

    id: int
    uuid: str
    reseller_id: int
    webhook_id: int | None
    kind: JobKind
    state: JobState
    by: Actor
    created_at: int
    since: int | None = None
    until: int | None = None
    total: int | None = None
    handled: int = 0
    made: int = 0
    position: JobPosition | None = None
    claim: int = 0
    failures: int = 0
    reason: str = ""
    message: Message | None = None
    next_at: int = 0
    finished_at: int | None = None

    @property
    def is_finished(self) -> bool:
        """True if the job takes no further steps."""
        return self.finished_at is not None

    @property
    def ended_by_itself(self) -> Message | None:
        """The reason why it ended before it was done; None if a user ended it."""
        return MESSAGES[self.reason]() if self.reason in MESSAGES else self.message


def from_backfill(backfill: Backfill, uuid: str, reseller_id: int, by: Actor) -> Job:
    """A webhook's newest backfill as a job. uuid: the webhook's."""
    return Job(
        id=backfill.webhook_id,
        uuid=uuid,
        reseller_id=reseller_id,
        webhook_id=backfill.webhook_id,
        kind=JobKind.BACKFILL,
        state=_BACKFILL_STATES[backfill.state],
        by=by,
        created_at=backfill.started_at,
        total=max(backfill.total, backfill.sent),
        handled=backfill.sent,
        made=backfill.sent,
        message=backfill.message,
        next_at=backfill.next_at,
        finished_at=backfill.finished_at,
    )


_BACKFILL_STATES = {
    BackfillState.RUNNING: JobState.RUNNING,
    BackfillState.DONE: JobState.DONE,
    BackfillState.CANCELLED: JobState.CANCELLED,
}

ListPosition = tuple[int, int, int]
"""created_at, 1 unless the job is a backfill, and id of a job; the next page begins after it."""


def list_position(one: Job) -> ListPosition:
    """The position of a job in the list."""
    return one.created_at, int(one.kind is not JobKind.BACKFILL), one.id
