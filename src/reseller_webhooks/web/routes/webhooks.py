"""The Webhooks page, and the forms that add a webhook or edit one."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Conflict, Invalid
from reseller_webhooks.operations import health, webhooks
from reseller_webhooks.store.webhooks import WebhookRow
from reseller_webhooks.web import paths, webhook_form
from reseller_webhooks.web.form import Form
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.visiting import AtReseller, Posted, Writer
from reseller_webhooks.web.webhook_fields import wrong_of
from reseller_webhooks.web.webhook_form import Filled, Wrong

ROWS = 50
INVALID, TAKEN = 422, 409
SAME_TARGET = (
    "There is already a webhook for this resource to this URL. Edit that one, or give another URL."
)

routes = APIRouter()


@routes.get(paths.WEBHOOKS)
def webhooks_page(page: AtReseller, after: str = "") -> Response:
    """The Webhooks table."""
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0
    rows = webhooks.page(page.database, page.tenant, after=number, limit=ROWS + 1)
    more = rows[ROWS - 1].id if len(rows) > ROWS else None
    fares = health.courses(page.database, page.tenant, rows[:ROWS])
    return page.html("webhooks.html", rows=rows[:ROWS], fares=fares, more=more, first=number == 0)


@routes.get(paths.ADD)
def add_page(page: Writer) -> Response:
    """The form, blank."""
    return _form(page, webhook_form.blank(), 200)


@routes.post(paths.ADD)
def add(page: Writer, form: Posted) -> Response:
    """Save Webhook: a new one."""
    try:
        spec = webhook_form.spec(form, page.site.house.settings.allow_targets)
        added = webhooks.add(page.database, page.box, page.tenant, spec)
    except (Wrong, Invalid, Conflict) as error:
        return _refused(page, webhook_form.typed(form), error)
    page.site.house.poke()
    return page.go(paths.WEBHOOKS, Notice("created", added.webhook.uuid, reveals=True))


@routes.get(paths.WEBHOOKS + "/{uuid}/edit")
def edit_page(page: Writer, uuid: str) -> Response:
    """The form, with what is stored."""
    row, auth = _stored(page, uuid)
    return _form(page, webhook_form.of_row(row, auth), 200, row)


@routes.post(paths.WEBHOOKS + "/{uuid}/edit")
def edit(page: Writer, uuid: str, form: Posted) -> Response:
    """Save Webhook: one that was there."""
    row, auth = _stored(page, uuid)
    try:
        patch = webhook_form.patch(form, page.site.house.settings.allow_targets, auth)
        webhooks.change(page.database, page.box, page.tenant, uuid, patch)
    except (Wrong, Invalid, Conflict) as error:
        return _refused(page, _typed(form, row, auth), error, row)
    page.site.house.poke()
    return page.go(paths.webhook(uuid), Notice("changed", uuid))


def _stored(page: Page, uuid: str) -> tuple[WebhookRow, Any]:
    row = webhooks.get(page.database, page.tenant, uuid)
    return row, webhooks.auth_of(page.box, row)


def _typed(form: Form, row: WebhookRow, auth: Any) -> Filled:
    return webhook_form.typed(form, webhook_form.of_row(row, auth).stored)


def _refused(
    page: Page, filled: Filled, error: Wrong | Invalid | Conflict, row: WebhookRow | None = None
) -> Response:
    match error:
        case Wrong():
            return _form(page, filled.with_wrong(error.fields), INVALID, row)
        case Invalid():
            return _form(page, filled.with_wrong(wrong_of(error)), INVALID, row)
    return _form(page, filled.with_wrong({"url": SAME_TARGET}), TAKEN, row)


def _form(page: Page, filled: Filled, status: int, row: WebhookRow | None = None) -> Response:
    return page.html("webhook_form.html", status, form=filled, row=row)
