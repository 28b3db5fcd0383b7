"""Deliveries: what went out, what came of it, and doing it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BeforeValidator

from reseller_webhooks.api import moments
from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON
from reseller_webhooks.api.paging import Cursor, Limit, cursor_behind, cut, position
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.shapes.deliveries import (
    Deliveries,
    Delivery,
    DeliveryDetails,
    delivery,
    details,
)
from reseller_webhooks.core.delivery import State
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.core.webhook_settings import Format
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.deliveries import Entry
from reseller_webhooks.operations.house import House
from reseller_webhooks.store import webhooks as store
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.log_query import LogQuery

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
    house: TheHouse,
    tenant: Tenant,
    state: States,
    resource: Resource | None = None,
    action: Action | None = None,
    webhook: Annotated[str | None, Query(description="Its id; it may be deleted.")] = None,
    resource_uuid: Annotated[str | None, Query(alias="resourceUuid")] = None,
    since: Annotated[
        moments.Given | None, Query(alias="from", description="Made at this time or later.")
    ] = None,
    until: Annotated[
        moments.Given | None, Query(alias="to", description="Made before this time.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> LogQuery:
    """Which deliveries a request asks for, and one more, to see whether there are more."""
    behind = position(house.ids, cursor, 2)
    return LogQuery(
        tenant,
        frozenset(state),
        resource,
        action,
        None if webhook is None else _number(house.database, tenant, webhook),
        resource_uuid,
        since,
        until,
        None if behind is None else (behind[0], behind[1]),
        limit + 1,
    )


@router.get("", operation_id="listDeliveries", summary="List deliveries")
def page(house: TheHouse, query: Annotated[LogQuery, Depends(query)]) -> Deliveries:
    """The event log, newest first.

    Where few of very many match, a page may have fewer than asked for, or none, and a
    `nextCursor` all the same: then the search goes on there.
    """
    entries, searched_to = deliveries.search(house.database, query)
    shown, next_cursor = cut(
        house.ids, entries, query.limit - 1, lambda one: (one.line.created_at, one.line.delivery_id)
    )
    if next_cursor is None and searched_to is not None:
        next_cursor = cursor_behind(house.ids, searched_to)
    return Deliveries(items=[delivery(house.ids, one) for one in shown], next_cursor=next_cursor)


@router.get(
    "/{id}", operation_id="getDelivery", summary="Get a delivery", response_model=DeliveryDetails
)
def get(house: TheHouse, tenant: Tenant, shown: Id) -> Response:
    """All there is to see of it: the payload as it was sent, and every attempt."""
    with _known_as(shown):
        found = deliveries.get(house.database, house.ids.find_delivery(shown), reseller_id=tenant)
    fields = details(house.ids, found, *_manner(house, tenant, found.entry.webhook)).model_dump(
        mode="json"
    )
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
def retry(house: TheHouse, tenant: Tenant, shown: Id, response: Response) -> Delivery:
    """Makes a new delivery of the same event to the same webhook."""
    with _known_as(shown):
        made = _retry(house, house.ids.find_delivery(shown), reseller_id=tenant)
    response.headers["location"] = f"{PATH}/{house.ids.delivery(made.line.delivery_id)}"
    return delivery(house.ids, made)


@contextmanager
def _known_as(shown: str) -> Iterator[None]:
    """The store knows deliveries by number; who asks does not."""
    try:
        yield
    except NotFound:
        raise NotFound("delivery", shown) from None


def _retry(house: House, number: int, *, reseller_id: int) -> Entry:
    database = house.database
    made = deliveries.retry(database, number, reseller_id=reseller_id)
    return deliveries.get(database, made, reseller_id=reseller_id).entry


def _number(database: Database, tenant: int, webhook: str) -> int:
    with database.read() as tx:
        number = store.id_of(tx, webhook, reseller_id=tenant)
    if number is None:
        raise NotFound("webhook", webhook)
    return number


def _manner(house: House, tenant: int, webhook: str) -> tuple[str, Format]:
    """How the webhook proves itself and packs its notifications."""
    try:
        row = webhooks.get(house.database, tenant, webhook)
    except NotFound:  # It was deleted, and how it proved itself went with it.
        return "NONE", Format.NOTIFICATION
    return row.auth_type, row.format
