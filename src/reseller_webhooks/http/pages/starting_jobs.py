"""The response of a page after a job was started from it."""

from collections.abc import Callable

from starlette.responses import Response

from reseller_webhooks.core.errors import QuotaExceeded, TooManyJobs
from reseller_webhooks.core.jobs import Job
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.page import Page


def start_job(
    page: Page, path: str, start: Callable[[], Job], done: Callable[[Job], Flash]
) -> Response:
    """Start a job, and go on to a page, with the notice `done` if the job is finished.

    QuotaExceeded beyond the retries of an hour.
    """
    try:
        job = start()
    except TooManyJobs as error:
        return page.go(path, Flash("too_many_jobs", detail=str(error.unfinished)))
    return page.go(path, done(job) if job.is_finished else Flash("job_started"))


def start_or_refuse(
    page: Page, path: str, start: Callable[[], Job], done: Callable[[Job], Flash]
) -> Response:
    """The same from a page without a form to keep: beyond the quota, go back and tell why."""
    try:
        return start_job(page, path, start, done)
    except QuotaExceeded as error:
        return page.go(path, Flash("not_retried", detail=page.refusal(error)))


def retried_failed(job: Job) -> Flash:
    """The notice of the number of notifications sent again."""
    return Flash("retried_failed", detail=str(job.made))
