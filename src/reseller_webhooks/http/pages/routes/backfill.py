"""Backfills from a webhook's page: start and cancel."""

from contextlib import suppress

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.errors import Conflict, Invalid, QuotaExceeded
from reseller_webhooks.core.messages.webhooks import CHOOSE_RATE
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.backfill import RATES
from reseller_webhooks.http.pages.dependencies import AtReseller, PostedForm, WebhookEditor
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.routes.webhook import ONE
from reseller_webhooks.operations import backfills, webhooks

routes = APIRouter()
THERE = "#backfill"


@routes.post(ONE + "/backfill")
def begin(page: WebhookEditor, uuid: str, form: PostedForm) -> Response:
    """Confirm Send."""
    webhooks.get(page.database, page.tenant, uuid)
    rate = {f"{one}": one for one in RATES}.get(form.text("rate"))
    if rate is None:
        raise Invalid.at("/rate", CHOOSE_RATE())
    try:
        backfills.begin(
            page.database,
            page.tenant,
            uuid,
            rate=rate,
            with_removed=form.has("removed"),
            limit=page.limit(Quota.BACKFILL_RECORDS),
        )
    except QuotaExceeded as error:
        return page.go(paths.webhook(uuid), Flash("not_begun", detail=page.refusal(error)))
    except Conflict:  # One is running: the page shows it.
        pass
    return _back(page, uuid)


@routes.post(ONE + "/backfill/cancel")
def cancel(page: WebhookEditor, uuid: str) -> Response:
    """Cancel the backfill."""
    with suppress(Conflict):  # It was done meanwhile: the page says so.
        backfills.cancel(page.database, page.tenant, uuid)
    return _back(page, uuid)


@routes.get(ONE + "/backfill")
@routes.get(ONE + "/backfill/cancel")
def after(page: AtReseller, uuid: str) -> Response:
    """Refresh; and who comes back to one of these addresses sees the webhook."""
    return _back(page, uuid)


def _back(page: Page, uuid: str) -> Response:
    row = webhooks.get(page.database, page.tenant, uuid)
    return page.go(paths.webhook(row.uuid) + THERE)
