"""The Webhooks page."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.enums import number_in
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import AtReseller
from reseller_webhooks.http.pages.paging import WEBHOOKS, split_page
from reseller_webhooks.operations import health, webhooks

routes = APIRouter()


@routes.get(paths.WEBHOOKS)
def webhooks_page(page: AtReseller, after: str = "") -> Response:
    """The Webhooks table."""
    number, search = number_in(after) or 0, choosers.searched(page, "search")
    found = webhooks.page(
        page.database, page.tenant, after=number, limit=WEBHOOKS + 1, search=search
    )
    rows, last = split_page(found, WEBHOOKS)
    fares = health.courses(page.database, rows)
    now = page.now()
    return page.html(
        "webhooks.html",
        rows=rows,
        fares=fares,
        unreadable={row.id for row in rows if webhooks.unreadable(page.box, row, now)},
        next_page=paths.webhooks(search=search, after=last.id) if last else "",
        search=search,
        first=number == 0,
    )
