"""One webhook: what it is, how it fares, and what can be done with it."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks import clock
from reseller_webhooks.core.attempts import Attempt
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.store.log import LogQuery
from reseller_webhooks.store.webhooks import WebhookRow
from reseller_webhooks.web import paths
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.visiting import AtReseller, Writer

NEWEST = 5
"""Deliveries on the webhook's own page; the event log has the others."""
ONE = paths.WEBHOOKS + "/{uuid}"

routes = APIRouter()


@routes.get(ONE)
def webhook_page(page: AtReseller, uuid: str) -> Response:
    """The webhook's settings and its newest deliveries."""
    return _page(page, webhooks.get(page.database, page.tenant, uuid))


@routes.post(ONE + "/test")
async def test(page: Writer, uuid: str) -> Response:
    """Send a test notification, and show what came of it."""
    row = await run_in_threadpool(webhooks.get, page.database, page.tenant, uuid)
    opened = await run_in_threadpool(webhooks.opened, page.box, row, clock.now())
    attempt = await page.site.house.try_now(opened)
    return await run_in_threadpool(_page, page, row, attempt)


@routes.get(ONE + "/test")
async def after_test(page: AtReseller, uuid: str) -> Response:
    """Who comes back to a test's address sees the webhook."""
    return page.go(paths.webhook(uuid))


@routes.post(ONE + "/pause")
def pause(page: Writer, uuid: str) -> Response:
    """Hold deliveries back."""
    webhooks.pause(page.database, page.tenant, uuid)
    return _done(page, uuid, "paused")


@routes.post(ONE + "/resume")
def resume(page: Writer, uuid: str) -> Response:
    """Let deliveries go out again."""
    webhooks.resume(page.database, page.tenant, uuid)
    return _done(page, uuid, "resumed")


@routes.post(ONE + "/rotate-secret")
def rotate_secret(page: Writer, uuid: str) -> Response:
    """A new signing secret, shown once."""
    webhooks.rotate_secret(page.database, page.box, page.tenant, uuid)
    page.site.house.poke()
    return page.go(paths.webhook(uuid), Notice("rotated", uuid, reveals=True))


@routes.get(ONE + "/delete")
def delete_page(page: Writer, uuid: str) -> Response:
    """Ask whether it is really to be deleted."""
    row = webhooks.get(page.database, page.tenant, uuid)
    return page.html("webhook_delete.html", row=row)


@routes.post(ONE + "/delete")
def delete(page: Writer, uuid: str) -> Response:
    """Confirm Delete."""
    row = webhooks.get(page.database, page.tenant, uuid)
    webhooks.delete(page.database, page.tenant, uuid)
    page.site.house.poke()
    return page.go(paths.WEBHOOKS, Notice("deleted", detail=row.url))


def _done(page: Page, uuid: str, kind: str) -> Response:
    page.site.house.poke()
    return page.go(paths.webhook(uuid), Notice(kind, uuid))


def _page(page: Page, row: WebhookRow, attempt: Attempt | None = None) -> Response:
    query = LogQuery(page.tenant, webhook_id=row.id, limit=NEWEST)
    return page.html(
        "webhook.html",
        row=row,
        auth=webhooks.auth_of(page.box, row),
        entries=deliveries.page(page.database, query),
        attempt=attempt,
        now=clock.now(),
    )
