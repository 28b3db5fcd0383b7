"""The Webhooks page."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.names import number_in
from reseller_webhooks.operations import health, webhooks
from reseller_webhooks.web import choosing, paths
from reseller_webhooks.web.paging import WEBHOOKS, cut
from reseller_webhooks.web.visiting import AtReseller

routes = APIRouter()


@routes.get(paths.WEBHOOKS)
def webhooks_page(page: AtReseller, after: str = "") -> Response:
    """The Webhooks table."""
    number, search = number_in(after) or 0, choosing.searched(page, "search")
    found = webhooks.page(
        page.database, page.tenant, after=number, limit=WEBHOOKS + 1, search=search
    )
    rows, last = cut(found, WEBHOOKS)
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
