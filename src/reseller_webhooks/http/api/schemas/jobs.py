"""Background jobs in the API."""

from typing import Literal

from pydantic import Field

from reseller_webhooks.core.jobs import JobKind, JobState
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.schemas import Input, Shape
from reseller_webhooks.operations.jobs import JobEntry


class Period(Input):
    """A period of creation times of deliveries: from an instant on, until before another."""

    since: timestamps.Given = Field(alias="from")
    until: timestamps.Given | None = Field(None, alias="to", description="Now, when left out.")


class NewJob(Period):
    """A retry of failed deliveries of every webhook, or of one."""

    kind: Literal[JobKind.RETRY_FAILED]
    webhook: str | None = Field(None, description="Its id; every webhook, when left out.")


class Job(Shape):
    """The progress of a job."""

    id: str = Field(description="That of a backfill is its webhook's.")
    kind: JobKind
    state: JobState
    webhook: str | None = Field(description="The webhook it is about; null for all.")
    since: timestamps.Shown | None = Field(
        alias="from", description="When the failed deliveries were made, at the earliest."
    )
    until: timestamps.Shown | None = Field(alias="to", description="And before this time.")
    total: int | None = Field(description="Items to handle; null while they are not counted.")
    done: int = Field(description="Items handled so far.")
    made: int = Field(description="Deliveries that were made, or made due, so far.")
    started_by: str | None = Field(description="User or API key; null for others' and the service.")
    started_at: timestamps.Shown
    finished_at: timestamps.Shown | None
    reason: str | None = Field(description="Why it ended by itself before it was done.")


class Jobs(Shape):
    """A page of jobs."""

    items: list[Job]
    next_cursor: str | None


class Retried(Shape):
    """The number of deliveries made, or made due, so far."""

    count: int
    job: str | None = Field(None, description="The job that does the rest; only with 202.")


def job(entry: JobEntry) -> Job:
    """A job, with the names that users know."""
    one = entry.job
    return Job(
        id=one.uuid,
        kind=one.kind,
        state=one.state,
        webhook=entry.webhook or None,
        since=one.since,
        until=one.until,
        total=None if one.total is None else max(one.total, one.handled),
        done=one.handled,
        made=one.made,
        started_by=entry.by or None,
        started_at=one.created_at,
        finished_at=one.finished_at,
        reason=str(one.ended_by_itself) if one.ended_by_itself else None,
    )
