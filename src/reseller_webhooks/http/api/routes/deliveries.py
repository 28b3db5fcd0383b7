"""Deliveries: list, inspect, retry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BeforeValidator

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.paging import Cursor, Limit, cursor_behind, cut, position
from reseller_webhooks.http.api.request_body import JSON
from reseller_webhooks.http.api.schemas.deliveries import (
    Deliveries,
    Delivery,
    DeliveryDetails,
    delivery,
    details,
)
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.deliveries import LogEntry

PATH = "/api/v1/deliveries"

router = APIRouter(
    prefix=PATH, tags=["Deliveries"], responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid)
)
Id = Annotated[str, Path(alias="id", examples=["dlv_7xKp2mQvT0aZr4Yc1LhWsg"])]


def _split(given: object) -> object:
    if not isinstance(given, list):
        return given
    return [word for one in given for word in str(one).split(",")]


States = Annotated[
    list[State],
    BeforeValidator(_split),
    Query(default_factory=list, description="One or more: repeated, or with commas between them."),
]


def query(  # noqa: PLR0917 - FastAPI passes them by name
    context: Context,
    tenant: Tenant,
    state: States,
    resource: Resource | None = None,
    action: Action | None = None,
    webhook: Annotated[str | None, Query(description="Its id; it may be deleted.")] = None,
    resource_uuid: Annotated[str | None, Query(alias="resourceUuid")] = None,
    since: Annotated[
        timestamps.Given | None, Query(alias="from", description="Made at this time or later.")
    ] = None,
    until: Annotated[
        timestamps.Given | None, Query(alias="to", description="Made before this time.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> LogQuery:
    """The log query of a request, for one line more than the limit."""
    behind = position(context.ids, cursor, 2)
    return LogQuery(
        tenant,
        frozenset(state),
        resource,
        action,
        None if webhook is None else webhooks.row_id(context.database, tenant, webhook),
        resource_uuid,
        since,
        until,
        None if behind is None else (behind[0], behind[1]),
        limit + 1,
    )


@router.get("", operation_id="listDeliveries", summary="List deliveries")
def page(context: Context, query: Annotated[LogQuery, Depends(query)]) -> Deliveries:
    """The event log, newest first.

    Where few of very many match, a page may have fewer than asked for, or none, and a
    `nextCursor` all the same: then the search goes on there.
    """
    entries, searched_to = deliveries.search(context.database, query)
    shown, next_cursor = cut(
        context.ids,
        entries,
        query.limit - 1,
        lambda one: (one.line.created_at, one.line.delivery_id),
    )
    if next_cursor is None and searched_to is not None:
        next_cursor = cursor_behind(context.ids, searched_to)
    return Deliveries(items=[delivery(context.ids, one) for one in shown], next_cursor=next_cursor)


@router.get(
    "/{id}", operation_id="getDelivery", summary="Get a delivery", response_model=DeliveryDetails
)
def get(context: Context, tenant: Tenant, shown: Id) -> Response:
    """All there is to see of it: the payload as it was sent, and every attempt."""
    with _hide_row_id(shown):
        found = deliveries.get(
            context.database, context.ids.find_delivery(shown), reseller_id=tenant
        )
    how = _auth_and_format(context, tenant, found.entry.webhook)
    fields = details(context.ids, found, *how).model_dump(mode="json")
    if found.event is not None:
        fields["payload"] = orjson.Fragment(found.event.body)
    return Response(orjson.dumps(fields), media_type=JSON)


@router.post(
    "/{id}/retry",
    operation_id="retryDelivery",
    summary="Repeat a delivery",
    status_code=201,
    responses=raises(Conflict),
)
def retry(context: Context, tenant: Tenant, shown: Id, response: Response) -> Delivery:
    """Makes a new delivery of the same event to the same webhook."""
    with _hide_row_id(shown):
        made = _retry(context, context.ids.find_delivery(shown), reseller_id=tenant)
    response.headers["location"] = f"{PATH}/{context.ids.delivery(made.line.delivery_id)}"
    return delivery(context.ids, made)


@contextmanager
def _hide_row_id(shown: str) -> Iterator[None]:
    """Name the public id in NotFound, not the row's number."""
    try:
        yield
    except NotFound:
        raise NotFound("delivery", shown) from None


def _retry(context: AppContext, number: int, *, reseller_id: int) -> LogEntry:
    database = context.database
    made = deliveries.retry(database, number, reseller_id=reseller_id)
    return deliveries.get(database, made, reseller_id=reseller_id).entry


def _auth_and_format(context: AppContext, tenant: int, webhook: str) -> tuple[str, Format]:
    """The webhook's authentication type and payload format."""
    try:
        row = webhooks.get(context.database, tenant, webhook)
    except NotFound:  # A deleted webhook has no authentication any more.
        return "NONE", Format.NOTIFICATION
    return row.auth_type, row.format
