"""The event log: what went to which webhook, and what came of it."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks import clock
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.notification import shown_headers
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.store.webhooks import WebhookRow
from reseller_webhooks.web import log_filter, paths
from reseller_webhooks.web.log_filter import LINES, TABS
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.visiting import AtReseller, Writer

WEBHOOKS_OFFERED = 500
"""In the filter's list."""
ONE = paths.LOG + "/{shown}"

routes = APIRouter()


@routes.get(paths.LOG)
def log_page(page: AtReseller) -> Response:
    """Deliveries, newest first, a page at a time."""
    filters = log_filter.read(page.request.query_params)
    chosen = webhooks.get(page.database, page.tenant, filters.webhook) if filters.webhook else None
    query = filters.query(page.tenant, chosen.id if chosen else None)
    tallies = deliveries.tallies(
        page.database, [replace(query, states=states) for _, states in TABS.values()]
    )
    found = deliveries.page(page.database, query)
    return page.html(
        "log.html",
        filters=filters,
        tabs=[
            (word, label, one)
            for (word, (label, _)), one in zip(TABS.items(), tallies, strict=True)
        ],
        entries=found[:LINES],
        older=filters.after(found[LINES - 1].line) if len(found) > LINES else None,
        offered=webhooks.page(page.database, page.tenant, limit=WEBHOOKS_OFFERED),
        now=clock.now(),
    )


@routes.get(ONE)
def delivery_page(page: AtReseller, shown: str) -> Response:
    """One delivery: payload, attempts, and why they failed."""
    number = log_filter.number_of(shown)
    found = deliveries.get(page.database, number, reseller_id=page.tenant)
    row = _webhook(page, found.entry.webhook)
    auth_type = row.auth_type if row else "NONE"
    tried = [one for one in found.attempts if one.outcome]
    headers = [shown_headers(found.entry.event, auth_type, one.number, one.at) for one in tried]
    return page.html(
        "delivery.html",
        entry=found.entry,
        event=found.event,
        webhook=row,
        attempts=list(zip(tried, headers, strict=True)),
        now=clock.now(),
    )


@routes.post(ONE + "/retry")
def retry(page: Writer, shown: str) -> Response:
    """A new delivery of the same event to the same webhook."""
    number = log_filter.number_of(shown)
    try:
        made = deliveries.retry(page.database, number, reseller_id=page.tenant)
    except Conflict as error:
        return page.go(paths.delivery(shown), Notice("not_retried", detail=str(error)))
    page.site.house.poke()
    return page.go(paths.delivery(log_filter.shown_id(made)), Notice("retried", detail=shown))


def _webhook(page: Page, uuid: str) -> WebhookRow | None:
    """The delivery's webhook, if it has not been deleted."""
    try:
        return webhooks.get(page.database, page.tenant, uuid)
    except NotFound:
        return None
