"""Where operators choose the reseller they look at."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.operations import access, resellers
from reseller_webhooks.web import paths
from reseller_webhooks.web.visiting import Operator

ROWS = 100

routes = APIRouter()


@routes.get(paths.RESELLERS)
def every_reseller(page: Operator, after: str = "") -> Response:
    """The resellers in the order they were added, a page at a time."""
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0
    rows = resellers.page(page.database, after=number, limit=ROWS + 1)
    more = rows[ROWS - 1].id if len(rows) > ROWS else None
    return page.html("resellers.html", rows=rows[:ROWS], more=more)


@routes.post(paths.RESELLERS + "/{uuid}/open")
def open_reseller(page: Operator, uuid: str) -> Response:
    """Turn to a reseller."""
    assert page.visitor is not None, "an operator is signed in"  # noqa: S101
    access.look_at(page.database, page.visitor, uuid)
    return page.go(paths.WEBHOOKS)
