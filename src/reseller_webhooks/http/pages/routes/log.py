"""The event log: deliveries and their attempts."""

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.attempts import HEADERS_KEPT
from reseller_webhooks.core.deliveries.cloudevents import EVENTS
from reseller_webhooks.core.deliveries.notification import packed, shown_headers
from reseller_webhooks.core.enums import Action
from reseller_webhooks.core.errors import Conflict, NotFound, QuotaExceeded
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import AtReseller, PostedForm, WebhookEditor
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.forms import date_range, log_filter
from reseller_webhooks.http.pages.forms.log_filter import LINES, TABS
from reseller_webhooks.http.pages.labels import changed_fields, log_curl
from reseller_webhooks.http.pages.labels.changed_fields import SHOWN_MAX, FieldChange
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.http.pages.routes.log_stream import format_mark
from reseller_webhooks.http.pages.starting_jobs import retried_failed, start_job, start_or_refuse
from reseller_webhooks.operations import deliveries, manual_retry, webhooks
from reseller_webhooks.operations.deliveries import Details

DAY = 86_400 * clock.SECOND
ONE = paths.LOG + "/{shown}"

routes = APIRouter()


@routes.get(paths.LOG)
def log_page(page: AtReseller) -> Response:
    """Deliveries, newest first, a page at a time."""
    filters = log_filter.read(page.request.query_params, page.ids)
    chosen = webhooks.get(page.database, page.tenant, filters.webhook) if filters.webhook else None
    query = filters.query(page.tenant, chosen.id if chosen else None)
    tallies = deliveries.tallies(page.database, query, (states for _, states in TABS.values()))
    mark = deliveries.mark(page.database)  # before the lines: what comes between is told twice
    found, end = deliveries.search(page.database, query)
    shown, last = split_page(found, LINES)
    older = filters.from_behind(end) if end else None
    return page.html(
        "log.html",
        news=filters.news(format_mark(page.ids, mark)),
        filters=filters,
        tabs=[
            (word, label, one)
            for (word, (label, _)), one in zip(TABS.items(), tallies, strict=True)
        ],
        entries=shown,
        older=filters.after(last.line) if last else older,
        searched_to=end[0] if end and not last else None,
        choices=choosers.webhook_choices(page, chosen),
        again=filters.since
        or date_range.from_instants(page.now() - DAY, page.now()).values["from"],
        now=page.now(),
    )


@routes.get(paths.WEBHOOK_CHOICES)
def webhook_choices(page: AtReseller) -> Response:
    """Webhooks to choose from, for the filter's search."""
    return choosers.webhooks_found(page)


@routes.get(ONE)
def delivery_page(page: AtReseller, shown: str) -> Response:
    """One delivery: payload, attempts, and why they failed."""
    number = page.ids.find_delivery(shown)
    found = deliveries.get(page.database, number, reseller_id=page.tenant)
    row = _webhook(page, found.entry.webhook)
    auth_type, form = (row.auth_type, row.format) if row else ("NONE", Format.NOTIFICATION)
    event = found.entry.event
    tried = [one for one in found.attempts if one.outcome]
    headers = [shown_headers(event, auth_type, one.number, one.at, form) for one in tried]
    return page.html(
        "delivery.html",
        entry=found.entry,
        event=found.event,
        repeat=found.repeat,
        webhook=row,
        attempts=list(zip(tried, headers, strict=True)),
        changes=_changes(found),
        shown_max=SHOWN_MAX,
        headers_kept=HEADERS_KEPT,
        curl=_curl(page, found, row) if row else "",
        again=date_range.from_instants(found.entry.line.created_at, page.now()).values,
        now=page.now(),
    )


@routes.post(paths.LOG_RETRY)
def retry_failed(page: WebhookEditor, form: PostedForm) -> Response:
    """New deliveries of all that failed since some time, to one webhook or to each."""
    since, one = date_range.instant(form.text("from")), form.text("webhook")
    if since is None:
        return page.go(paths.log(tab="failed"), Flash("not_retried", detail=date_range.ENTER))
    if one:
        row = webhooks.get(page.database, page.tenant, one)
        start = partial(manual_retry.retry_failed, page.database, row, since, page.now())
    else:
        start = partial(
            manual_retry.retry_all_failed, page.database, page.tenant, since, page.now()
        )
    try:
        return start_job(page, paths.LOG, start, retried_failed)
    except QuotaExceeded as error:
        form_again = paths.log(**{"tab": "failed", "webhook": one, "from": form.text("from")})
        return page.go(form_again, Flash("not_retried", detail=page.refusal(error)))


@routes.post(ONE + "/retry")
def retry(page: WebhookEditor, shown: str) -> Response:
    """A new delivery of the same event to the same webhook."""
    number = page.ids.find_delivery(shown)
    try:
        made = deliveries.retry(page.database, number, reseller_id=page.tenant)
    except Conflict as error:
        return page.go(paths.delivery(shown), Flash("not_retried", detail=sentence(error.message)))
    except QuotaExceeded as error:
        return page.go(paths.delivery(shown), Flash("not_retried", detail=page.refusal(error)))
    return page.go(paths.delivery(page.ids.delivery(made)), Flash("retried", detail=shown))


@routes.post(ONE + "/retry-pending")
def retry_pending(page: WebhookEditor, shown: str) -> Response:
    """Have what waits tried at once: this delivery, and all others of its webhook."""
    found = deliveries.get(page.database, page.ids.find_delivery(shown), reseller_id=page.tenant)
    row = webhooks.get(page.database, page.tenant, found.entry.webhook)
    start = partial(manual_retry.retry_pending, page.database, row)
    return start_or_refuse(
        page, paths.delivery(shown), start, lambda _: Flash("hurried", row.uuid, row.circuit)
    )


def _changes(found: Details) -> list[FieldChange]:
    event, before = found.event, found.previous
    if event is None or before is None or event.action is not Action.CHANGED:
        return []
    return changed_fields.between(before.body, event.body)


def _curl(page: Page, found: Details, row: WebhookRow) -> str:
    if found.event is None:
        return ""
    event, number = found.event, max(found.entry.line.attempts, 1)
    headers = shown_headers(event.uuid, row.auth_type, number, page.now(), row.format)
    source = page.site.context.settings.public_url + EVENTS
    body = packed(row.format, event.uuid, event.body.encode(), source)
    return log_curl.command(found.entry.url, headers, body.decode())


def _webhook(page: Page, uuid: str) -> WebhookRow | None:
    """The delivery's webhook, if it has not been deleted."""
    try:
        return webhooks.get(page.database, page.tenant, uuid)
    except NotFound:
        return None
