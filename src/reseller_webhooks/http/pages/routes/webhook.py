"""A webhook's page: settings, health and actions."""

from dataclasses import replace
from functools import partial

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.deliveries.delivery_stats import HOUR, CircuitChange
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.core.jobs import JobKind
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.backfill import section
from reseller_webhooks.http.pages.dependencies import AtReseller, PostedForm, WebhookEditor
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.forms import date_range
from reseller_webhooks.http.pages.forms.date_range import DateRange
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.starting_jobs import retried_failed, start_job, start_or_refuse
from reseller_webhooks.http.pages.test_runs import send_test
from reseller_webhooks.operations import deliveries, health, jobs, manual_retry, webhooks
from reseller_webhooks.operations.health import WebhookCourse
from reseller_webhooks.operations.jobs import JobEntry
from reseller_webhooks.operations.webhook_secrets import open_secrets

NEWEST = 5
"""Deliveries on the webhook's own page; the event log has the others."""
JOBS = 3
INVALID, TOO_MANY = 422, 429
ONE = paths.WEBHOOKS + "/{uuid}"

routes = APIRouter()


@routes.get(ONE)
def webhook_page(page: AtReseller, uuid: str) -> Response:
    """The webhook's settings and its newest deliveries."""
    return _page(page, webhooks.get(page.database, page.tenant, uuid))


@routes.post(ONE + "/test")
async def test(page: WebhookEditor, uuid: str) -> Response:
    """Send a test notification, and show what came of it."""
    row = await run_in_threadpool(webhooks.get, page.database, page.tenant, uuid)
    known = await run_in_threadpool(webhooks.open_webhook, page.box, row, page.now())
    if known.unreadable:
        return page.go(paths.webhook(uuid))  # which says why nothing can be sent
    try:
        attempt = await send_test(page, known)
    except QuotaExceeded as error:
        refused = Attempt(Outcome.REFUSED, 0, message=plain(page.refusal(error)))
        again = await run_in_threadpool(_page, page, row, refused, status=TOO_MANY)
        return with_retry_after(again, error.retry_after_s)
    return await run_in_threadpool(_page, page, row, attempt)


@routes.get(ONE + "/test")
async def after_test(page: AtReseller, uuid: str) -> Response:
    """Redirect a visitor who returns to a test's address to the webhook."""
    return page.go(paths.webhook(uuid))


@routes.post(ONE + "/pause")
def pause(page: WebhookEditor, uuid: str) -> Response:
    """Hold deliveries back."""
    webhooks.pause(page.database, page.tenant, uuid)
    return _done(page, uuid, "paused")


@routes.post(ONE + "/resume")
def resume(page: WebhookEditor, uuid: str) -> Response:
    """Resume a webhook."""
    webhooks.resume(page.database, page.tenant, uuid)
    return _done(page, uuid, "resumed")


@routes.post(ONE + "/rotate-secret")
def rotate_secret(page: WebhookEditor, uuid: str) -> Response:
    """A new signing secret, shown once."""
    changed = webhooks.rotate_secret(page.database, page.box, page.tenant, uuid).webhook
    kind = "rotated" if changed.previous_secret_sealed else "replaced"
    return page.go(paths.webhook(uuid), Flash(kind, uuid, reveals=True))


@routes.post(ONE + "/retry-pending")
def retry_pending(page: WebhookEditor, uuid: str) -> Response:
    """Have what waits tried at once."""
    row = webhooks.get(page.database, page.tenant, uuid)
    start = partial(manual_retry.retry_pending, page.database, row)
    return start_or_refuse(
        page, paths.webhook(uuid), start, lambda _: Flash("hurried", uuid, row.circuit)
    )


@routes.post(ONE + "/retry-failed")
def retry_failed(page: WebhookEditor, uuid: str, form: PostedForm) -> Response:
    """New deliveries of what failed in a period."""
    row = webhooks.get(page.database, page.tenant, uuid)
    asked = date_range.typed(form)
    if asked.wrong:
        return _page(page, row, asked=asked, status=INVALID)
    since, until = date_range.instants(asked)
    start = partial(manual_retry.retry_failed, page.database, row, since, until)
    try:
        return start_job(page, paths.webhook(uuid), start, retried_failed)
    except QuotaExceeded as error:
        refused = replace(asked, wrong={"from": page.refusal(error)})
        again = _page(page, row, asked=refused, status=TOO_MANY)
        return with_retry_after(again, error.retry_after_s)


@routes.get(ONE + "/retry-failed")
def after_retry(page: AtReseller, uuid: str) -> Response:
    """Redirect a visitor who returns to this address to the webhook."""
    return page.go(paths.webhook(webhooks.get(page.database, page.tenant, uuid).uuid))


@routes.get(ONE + "/delete")
def delete_page(page: WebhookEditor, uuid: str) -> Response:
    """Ask whether it is really to be deleted."""
    row = webhooks.get(page.database, page.tenant, uuid)
    return page.html("webhook_delete.html", row=row)


@routes.post(ONE + "/delete")
def delete(page: WebhookEditor, uuid: str) -> Response:
    """Confirm Delete."""
    row = webhooks.get(page.database, page.tenant, uuid)
    webhooks.delete(page.database, page.tenant, uuid)
    return page.go(paths.WEBHOOKS, Flash("deleted", detail=row.url))


def _done(page: Page, uuid: str, kind: str, detail: str = "") -> Response:
    return page.go(paths.webhook(uuid), Flash(kind, uuid, detail))


def _page(
    page: Page,
    row: WebhookRow,
    attempt: Attempt | None = None,
    *,
    asked: DateRange | None = None,
    status: int = 200,
) -> Response:
    query = LogQuery(page.tenant, webhook_id=row.id, limit=NEWEST)
    course = health.courses(page.database, [row])[row.id]
    changes = health.circuit_changes(page.database, row.id)
    secrets = open_secrets(page.box, row, course.now)
    return page.html(
        "webhook.html",
        status,
        row=row,
        course=course,
        changes=changes,
        period=asked or _lately(row, course, changes),
        auth=secrets.auth,
        unreadable=secrets.unreadable,
        entries=deliveries.page(page.database, query),
        attempt=attempt,
        backfill=section(page.database, row),
        jobs=_jobs(page, row),
        now=course.now,
    )


def _jobs(page: Page, row: WebhookRow) -> list[JobEntry]:
    """The newest of its jobs, but for its backfill, which has a section of its own."""
    found = jobs.page(page.database, page.tenant, webhook_id=row.id, limit=JOBS + 1)
    return [one for one in found if one.job.kind is not JobKind.BACKFILL][:JOBS]


def _lately(row: WebhookRow, course: WebhookCourse, changes: list[CircuitChange]) -> DateRange:
    """Since the receiver began to fail the last time, or of the last day."""
    opened = next((one.at for one in changes if one.is_open), None)
    if row.circuit == "OPEN":
        opened = row.circuit_at or opened
    # It takes failures to open a circuit, so the first of them came a little earlier.
    return date_range.from_instants(opened - HOUR if opened else course.now - DAY, course.now)
