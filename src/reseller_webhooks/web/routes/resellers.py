"""Where operators see and add resellers, and choose the one they look at."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.operations import access, resellers
from reseller_webhooks.web import paths
from reseller_webhooks.web.notices import Notice
from reseller_webhooks.web.page import Page
from reseller_webhooks.web.visiting import Operator, Posted
from reseller_webhooks.web.webhook_fields import wrong_of

ROWS = 100
INVALID = 422

routes = APIRouter()


@routes.get(paths.RESELLERS)
def every_reseller(page: Operator, after: str = "") -> Response:
    """The resellers in the order they were added, a page at a time."""
    return _page(page, after=after)


@routes.post(paths.RESELLERS)
def add_reseller(page: Operator, form: Posted) -> Response:
    """Add one."""
    try:
        made = resellers.add(page.database, form.text("name"))
    except Invalid as error:
        return _page(page, INVALID, typed=form.text("name"), wrong=wrong_of(error))
    return page.go(paths.RESELLERS, Notice("reseller_added", detail=made.name))


@routes.post(paths.RESELLERS + "/{uuid}/open")
def open_reseller(page: Operator, uuid: str) -> Response:
    """Turn to a reseller."""
    access.look_at(page.database, page.who, uuid)
    return page.go(paths.WEBHOOKS)


def _page(
    page: Page,
    status: int = 200,
    *,
    after: str = "",
    typed: str = "",
    wrong: dict[str, str] | None = None,
) -> Response:
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0
    rows = resellers.page(page.database, after=number, limit=ROWS + 1)
    more = rows[ROWS - 1].id if len(rows) > ROWS else None
    return page.html(
        "resellers.html", status, rows=rows[:ROWS], more=more, typed=typed, wrong=wrong or {}
    )
