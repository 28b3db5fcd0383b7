"""Background jobs in words: what they do, how they fare, and why they ended."""

from collections.abc import Mapping

from reseller_webhooks.core.jobs import Job, JobKind, JobState
from reseller_webhooks.http.pages import messages
from reseller_webhooks.http.pages.labels.delivery_labels import Badge
from reseller_webhooks.http.pages.language import N_, _, number

KINDS: Mapping[JobKind, str] = {
    JobKind.RETRY_FAILED: N_("Retry of failed notifications"),
    JobKind.RETRY_PENDING: N_("Retry of pending notifications"),
    JobKind.BACKFILL: N_("Sending the current state"),
}
STATES: Mapping[JobState, Badge] = {
    JobState.QUEUED: Badge("waiting", N_("Queued")),
    JobState.RUNNING: Badge("waiting", N_("Running")),
    JobState.DONE: Badge("good", N_("Done")),
    JobState.CANCELLED: Badge("quiet", N_("Cancelled")),
    JobState.FAILED: Badge("bad", N_("Failed")),
}


def progress(job: Job) -> str:
    """The number of handled items, and of all items if that is known."""
    done = number(job.handled)
    if job.state is JobState.DONE or job.total is None:
        return done
    return _("%(done)s of %(total)s") % {"done": done, "total": number(total(job))}


def total(job: Job) -> int:
    """The lowest possible number of items, at least 1, for a progress bar."""
    return max(job.total or 0, job.handled, 1)


def reason(job: Job) -> str:
    """The reason why the program ended the job; empty otherwise."""
    return messages.sentence(job.ended_by_itself)
