"""The operator's Jobs page, of all resellers."""

from contextlib import suppress

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.jobs import list_position
from reseller_webhooks.http.pages import choosers, paths
from reseller_webhooks.http.pages.dependencies import Operator
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.http.pages.routes.jobs import PLACE, ROWS, place_of
from reseller_webhooks.operations import jobs, resellers

ONE = paths.OPERATOR_JOBS + "/{reseller}/{uuid}/cancel"

routes = APIRouter()


@routes.get(paths.OPERATOR_JOBS)
def jobs_of_all(page: Operator, reseller: str = "", state: str = "", behind: str = "") -> Response:
    """Jobs of all resellers, newest first. state: "unfinished" for queued and running jobs."""
    chosen = resellers.get(page.database, reseller) if reseller else None
    place = place_of(page.ids, behind)
    found = jobs.page_of_all(
        page.database,
        chosen.id if chosen else None,
        is_unfinished=state == "unfinished",
        behind=place,
        limit=ROWS + 1,
    )
    shown, last = split_page(found, ROWS)
    end = page.ids.encrypt(PLACE, *list_position(last.job)) if last else ""
    return page.html(
        "operator_jobs.html",
        entries=shown,
        choices=choosers.reseller_choices(page, reseller),
        chosen=reseller,
        state=state,
        newest="" if place is None else paths.operator_jobs(reseller=reseller, state=state),
        older=paths.operator_jobs(reseller=reseller, state=state, behind=end) if end else "",
    )


@routes.post(ONE)
def cancel(page: Operator, reseller: str, uuid: str) -> Response:
    """Cancel a job."""
    owner = resellers.get(page.database, reseller)
    with suppress(Conflict):  # It was finished meanwhile: the page says so.
        jobs.cancel(page.database, uuid, reseller_id=owner.id)
    return page.go(paths.OPERATOR_JOBS)


@routes.get(ONE)
def after_cancel(page: Operator) -> Response:
    """Redirect a visitor who returns to this address to the list."""
    return page.go(paths.OPERATOR_JOBS)
