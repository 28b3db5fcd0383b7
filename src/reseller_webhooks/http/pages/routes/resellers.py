"""The operator's Resellers page: list, add, choose."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.enums import number_in
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import Operator, PostedForm
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.forms.webhook_fields import wrong_of
from reseller_webhooks.http.pages.page import Page
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import authentication, resellers

ROWS = 100
INVALID = 422

routes = APIRouter()


@routes.get(paths.RESELLERS)
def every_reseller(page: Operator, after: str = "") -> Response:
    """The resellers in the order they were added, a page at a time."""
    return _page(page, after=after)


@routes.get(paths.RESELLER_CHOICES)
def reseller_choices(page: Operator) -> Response:
    """Resellers to choose from, for the search of forms and filters."""
    return choosers.resellers_found(page)


@routes.post(paths.RESELLERS)
def add_reseller(page: Operator, form: PostedForm) -> Response:
    """Add one."""
    try:
        made = resellers.add(page.database, form.text("name"))
    except Invalid as error:
        return _page(page, INVALID, typed=form.text("name"), wrong=wrong_of(error))
    return page.go(paths.RESELLERS, Flash("reseller_added", detail=made.name))


@routes.post(paths.RESELLERS + "/{uuid}/open")
def open_reseller(page: Operator, uuid: str) -> Response:
    """Turn to a reseller."""
    authentication.look_at(page.database, page.who, uuid)
    return page.go(paths.WEBHOOKS)


def _page(
    page: Page,
    status: int = 200,
    *,
    after: str = "",
    typed: str = "",
    wrong: dict[str, str] | None = None,
) -> Response:
    search = choosers.searched(page, "search")
    found = resellers.page(
        page.database, after=number_in(after) or 0, limit=ROWS + 1, search=search
    )
    rows, last = split_page(found, ROWS)
    return page.html(
        "resellers.html",
        status,
        rows=rows,
        next_page=paths.resellers(search=search, after=last.id) if last else "",
        search=search,
        first=not number_in(after),
        typed=typed,
        wrong=wrong or {},
    )
