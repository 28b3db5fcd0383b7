"""Events: the recorded fact of each change, and where it was sent."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import Field

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.auth import Context, Tenant
from reseller_webhooks.http.api.paging import LIMIT_MAX
from reseller_webhooks.http.api.request_body import JSON
from reseller_webhooks.http.api.schemas import Payload, Shape
from reseller_webhooks.http.api.schemas.deliveries import Delivery, delivery
from reseller_webhooks.http.edge.problems import raises
from reseller_webhooks.operations import deliveries, records

router = APIRouter(
    prefix="/api/v1/events",
    tags=["Events"],
    responses=raises(NotSignedIn, NotAllowed, NotFound, Invalid),
)


class Event(Shape):
    """One change of a record."""

    id: str
    resource: Resource
    resource_uuid: str
    action: Action
    version: int
    changed_at: timestamps.Shown
    payload: Payload
    deliveries: list[Delivery] = Field(description=f"The newest, up to {LIMIT_MAX}.")
    has_more_deliveries: bool = Field(
        description="Whether there are others; `GET /api/v1/deliveries?resourceUuid=` has all."
    )


@router.get("/{id}", operation_id="getEvent", summary="Get an event", response_model=Event)
def get(context: Context, tenant: Tenant, uuid: Annotated[str, Path(alias="id")]) -> Response:
    """The notification as it is sent, and its deliveries, newest first."""
    event = records.event(context.database, uuid, reseller_id=tenant)
    found = deliveries.of_event(context.database, event, limit=LIMIT_MAX + 1)
    fields = Event(
        id=event.uuid,
        resource=event.resource,
        resource_uuid=event.resource_uuid,
        action=event.action,
        version=event.version,
        changed_at=event.changed_at,
        payload={},
        deliveries=[delivery(context.ids, one) for one in found[:LIMIT_MAX]],
        has_more_deliveries=len(found) > LIMIT_MAX,
    ).model_dump(mode="json")
    return Response(
        orjson.dumps(fields | {"payload": orjson.Fragment(event.body)}), media_type=JSON
    )
