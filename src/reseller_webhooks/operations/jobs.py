"""Background jobs: start, list and cancel them, and take the steps of due jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reseller_webhooks import crypto
from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Conflict, NotFound, TooManyJobs, Unavailable
from reseller_webhooks.core.jobs import (
    FAILURES_MAX,
    RUNNING_MAX,
    UNFINISHED_MAX,
    Job,
    JobKind,
    JobReason,
    JobState,
    ListPosition,
)
from reseller_webhooks.core.messages.webhooks import JOB_FINISHED
from reseller_webhooks.operations import backfills, job_steps, resellers
from reseller_webhooks.store.access import audit, memberships
from reseller_webhooks.store.access.resellers import by_ids
from reseller_webhooks.store.cluster import jobs
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.webhooks import webhooks

LEASE = 10 * SECOND
"""Lifetime of a claim; after it, another process continues the job of a process that died."""
STEPS_AT_ONCE = 2
"""Steps that a request takes itself, so that a small job is done before the response."""
AFTER_FAILURE = 5 * SECOND
"""Pause of a job after a step that failed; longer each time."""


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A job in a list. webhook, url: of its webhook, empty for all webhooks.

    by: who started it; empty for the program itself and for people who are not of the reseller.
    reseller: whose it is, in the operator's list.
    """

    job: Job
    webhook: str = ""
    url: str = ""
    by: str = ""
    reseller: Reseller | None = None


def start(
    tx: Tx,
    kind: JobKind,
    reseller_id: int,
    *,
    webhook_id: int | None = None,
    since: Micros | None = None,
    until: Micros | None = None,
) -> Job:
    """A new job, claimed by the caller unless it is queued. TooManyJobs beyond UNFINISHED_MAX.

    The caller writes the audit log, and calls `run_first` after the commit.
    """
    unfinished = jobs.unfinished(tx, reseller_id)
    if unfinished >= UNFINISHED_MAX:
        raise TooManyJobs(unfinished)
    runs = unfinished < RUNNING_MAX
    new = Job(
        id=0,
        uuid=crypto.new_id(),
        reseller_id=reseller_id,
        webhook_id=webhook_id,
        kind=kind,
        state=JobState.RUNNING if runs else JobState.QUEUED,
        by=tx.by,
        created_at=tx.now,
        since=since,
        until=until,
        claim=1 if runs else 0,
        next_at=tx.now + LEASE if runs else tx.now,
    )
    return jobs.add(tx, new)


def run_first(database: Database, started: Job) -> Job:
    """The first steps of a job that was just started; workers take the others."""
    if started.state is JobState.QUEUED:
        return started
    job = started
    try:
        for _ in range(STEPS_AT_ONCE):
            after = step(database, job)
            if after is None or after.is_finished:
                break
            job = after
        else:
            release(database, job)
    except Unavailable:  # The job is there, so it goes on once its claim has ended.
        return job
    with database.read() as tx:
        return _get(tx, started.uuid, started.reseller_id)


def is_due(database: Database) -> bool:
    """True if a job can be claimed."""
    with database.read() as tx:
        return jobs.is_due(tx)


def claim(database: Database) -> Job | None:
    """Claim a job for steps; no other process takes it for LEASE, or until `release`."""
    with database.write() as tx:
        return jobs.claim(tx, tx.now + LEASE)


def step(database: Database, claimed: Job) -> Job | None:
    """The next step of a claimed job; None when it was cancelled or claimed by another."""
    return _STEPS[claimed.kind](database, claimed, LEASE)


def release(database: Database, claimed: Job) -> None:
    """Let others have the next turn."""
    with database.write() as tx:
        jobs.write(tx, replace(claimed, next_at=tx.now))


def note_failure(database: Database, claimed: Job) -> Job:
    """A step has failed unexpectedly: the job rests, and is given up after FAILURES_MAX."""
    failures = claimed.failures + 1
    with database.write() as tx:
        failed = replace(claimed, failures=failures, next_at=tx.now + failures * AFTER_FAILURE)
        if failures >= FAILURES_MAX:
            reason = JobReason.STEP_FAILED.value
            failed = replace(failed, state=JobState.FAILED, reason=reason, finished_at=tx.now)
        jobs.write(tx, failed)
    return failed


def get(database: Database, uuid: str, *, reseller_id: int) -> JobEntry:
    """One job. NotFound when the reseller has none with that id."""
    with database.read() as tx:
        return _entries(tx, reseller_id, [_get(tx, uuid, reseller_id)])[0]


def page(
    database: Database,
    reseller_id: int,
    *,
    webhook_id: int | None = None,
    behind: ListPosition | None = None,
    limit: int,
) -> list[JobEntry]:
    """A reseller's jobs, newest first. webhook_id: only those about one webhook."""
    with database.read() as tx:
        found = jobs.page(tx, reseller_id, webhook_id=webhook_id, behind=behind, limit=limit)
        return _entries(tx, reseller_id, found)


def page_of_all(
    database: Database,
    reseller_id: int | None,
    *,
    is_unfinished: bool = False,
    behind: ListPosition | None = None,
    limit: int,
) -> list[JobEntry]:
    """Jobs for operators, newest first: of one reseller, or of all for None."""
    with database.read() as tx:
        found = jobs.page(tx, reseller_id, is_unfinished=is_unfinished, behind=behind, limit=limit)
        names = _webhook_names(tx, found)
        owners = by_ids(tx, {one.reseller_id for one in found})
        return [
            JobEntry(one, *_named(names, one), by=one.by.name, reseller=owners.get(one.reseller_id))
            for one in found
        ]


def cancel(database: Database, uuid: str, *, reseller_id: int) -> JobEntry:
    """Cancel a job; finished steps stay. Conflict when the job is finished."""
    with database.read() as tx:
        found = _get(tx, uuid, reseller_id)
    if found.kind is JobKind.BACKFILL:
        backfills.cancel(database, reseller_id, uuid)
    else:
        _cancel(database, found)
    return get(database, uuid, reseller_id=reseller_id)


def _cancel(database: Database, found: Job) -> None:
    with database.write() as tx:
        if not jobs.cancel(tx, found.id):
            raise Conflict(JOB_FINISHED())
        subject, act = _subject(tx, found)
        audit.write(tx, act, subject, {"job": found.kind.value})


def _subject(tx: Tx, found: Job) -> tuple[Subject, Act]:
    if found.webhook_id is None:
        owner = resellers.by_id(tx, found.reseller_id)
        return resellers.subject_of(owner), Act.RESELLER_JOB_CANCELLED
    names = webhooks.names(tx, {found.webhook_id}).get(found.webhook_id, ("", ""))
    return Subject(*names, found.reseller_id), Act.WEBHOOK_JOB_CANCELLED


def _get(tx: Tx, uuid: str, reseller_id: int) -> Job:
    found = jobs.by_uuid(tx, uuid, reseller_id=reseller_id)
    if found is None:
        raise NotFound("job", uuid)
    return found


def _entries(tx: Tx, reseller_id: int, found: list[Job]) -> list[JobEntry]:
    names = _webhook_names(tx, found)
    known = memberships.belonging(tx, reseller_id, {one.by.name for one in found if one.by.name})
    return [
        JobEntry(one, *_named(names, one), by=one.by.name if one.by.name in known else "")
        for one in found
    ]


Names = Mapping[int, tuple[str, str]]
"""The id and URL of webhooks by the store's numbers."""


def _webhook_names(tx: Tx, found: list[Job]) -> Names:
    return webhooks.names(tx, {one.webhook_id for one in found if one.webhook_id is not None})


def _named(names: Names, one: Job) -> tuple[str, str]:
    return ("", "") if one.webhook_id is None else names.get(one.webhook_id, ("", ""))


_STEPS: dict[JobKind, Callable[[Database, Job, Micros], Job | None]] = {
    JobKind.RETRY_FAILED: job_steps.retry_failed,
    JobKind.RETRY_PENDING: job_steps.retry_pending,
}
