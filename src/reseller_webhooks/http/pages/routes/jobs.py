"""The Jobs page of a reseller: progress and cancelling."""

from contextlib import suppress

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.jobs import ListPosition, list_position
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import AtReseller, WebhookEditor
from reseller_webhooks.http.pages.paging import split_page
from reseller_webhooks.operations import jobs, webhooks
from reseller_webhooks.operations.public_ids import PublicIds

ROWS = 50
PLACE = "jobs"

routes = APIRouter()


@routes.get(paths.JOBS)
def jobs_page(page: AtReseller, webhook: str = "", behind: str = "") -> Response:
    """The jobs, newest first; of one webhook if it is named."""
    chosen = webhooks.get(page.database, page.tenant, webhook) if webhook else None
    place = place_of(page.ids, behind)
    found = jobs.page(
        page.database,
        page.tenant,
        webhook_id=chosen.id if chosen else None,
        behind=place,
        limit=ROWS + 1,
    )
    shown, last = split_page(found, ROWS)
    end = page.ids.encrypt(PLACE, *list_position(last.job)) if last else ""
    return page.html(
        "jobs.html",
        webhook=chosen,
        entries=shown,
        first=place is None,
        newest=paths.jobs(webhook=webhook),
        older=paths.jobs(webhook=webhook, behind=end) if end else "",
    )


@routes.post(paths.JOBS + "/{uuid}/cancel")
def cancel(page: WebhookEditor, uuid: str) -> Response:
    """Cancel a job."""
    with suppress(Conflict):  # It was finished meanwhile: the page says so.
        jobs.cancel(page.database, uuid, reseller_id=page.tenant)
    return page.go(paths.JOBS)


@routes.get(paths.JOBS + "/{uuid}/cancel")
def after_cancel(page: AtReseller, uuid: str) -> Response:
    """Redirect a visitor who returns to this address to the list."""
    jobs.get(page.database, uuid, reseller_id=page.tenant)
    return page.go(paths.JOBS)


def place_of(ids: PublicIds, behind: str) -> ListPosition | None:
    """The position in the page's address; None for the newest."""
    found = ids.decrypt(PLACE, behind, 3) if behind else None
    return (found[0], found[1], found[2]) if found else None
