"""The Records page: records of the reseller, and which webhooks have them up to date."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.enums import Resource, number_in
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.records.page import BoundedPage
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.dependencies import AtReseller
from reseller_webhooks.http.pages.forms.log_filter import ID_MAX
from reseller_webhooks.operations import record_history
from reseller_webhooks.operations.record_history import HistoryPage

ROWS = 50
VERSIONS = 20
WEBHOOKS = 50
"""On one page of a record."""

routes = APIRouter()


@routes.get(paths.RECORDS)
def records_page(page: AtReseller, resource: str = "", behind: str = "") -> Response:
    """The records of one resource, newest first; or those with an id."""
    chosen = Resource(resource) if resource in Resource.__members__ else Resource.COMPANY
    wanted = page.request.query_params.get("id", "").replace("\0", "").strip()[:ID_MAX]
    if wanted:
        named = record_history.find_by_id(page.database, wanted, reseller_id=page.tenant)
        if len(named) == 1:
            return page.go(paths.record(named[0].resource, named[0].uuid))
        found = BoundedPage(named, has_more=False)
    else:
        found = record_history.page(
            page.database,
            chosen,
            reseller_id=page.tenant,
            behind=number_in(behind),
            limit=ROWS,
        )
    return page.html(
        "records.html",
        chosen=chosen,
        wanted=wanted,
        records=found.rows,
        older=found.rows[-1].id if found.has_more else None,
        first=number_in(behind) is None,
    )


@routes.get(paths.RECORDS + "/{resource}/{uuid:path}")
def record_page(
    page: AtReseller, resource: str, uuid: str, before: str = "", webhooks: str = ""
) -> Response:
    """A record: its current content, its state with each webhook, and its history.

    webhooks: the place in the list of webhooks from which they are shown, the first is 1.
    """
    if resource not in Resource.__members__ or "\0" in uuid:
        raise NotFound("record", uuid)
    skip = max((number_in(webhooks) or 1) - 1, 0)
    part = HistoryPage(number_in(before), VERSIONS, skip, WEBHOOKS)
    found = record_history.history(
        page.database, Resource(resource), uuid, reseller_id=page.tenant, part=part
    )
    shown = len(found.stances)
    return page.html(
        "record.html",
        found=found,
        record=found.record,
        before=before,
        skip=skip,
        next_webhooks=skip + shown + 1 if skip + shown < found.webhooks and shown else None,
        now=page.now(),
    )
