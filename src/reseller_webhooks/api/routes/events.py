"""Events: the recorded fact of each change, and where it was sent."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import Field

from reseller_webhooks.api import moments
from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON
from reseller_webhooks.api.paging import LIMIT_MAX
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.shapes import Payload, Shape
from reseller_webhooks.api.shapes.deliveries import Delivery, delivery
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.names import Action, Resource
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
    changed_at: moments.Shown
    payload: Payload
    deliveries: list[Delivery] = Field(description=f"The newest, up to {LIMIT_MAX}.")
    has_more_deliveries: bool = Field(
        description="Whether there are others; `GET /api/v1/deliveries?resourceUuid=` has all."
    )


@router.get("/{id}", operation_id="getEvent", summary="Get an event", response_model=Event)
def get(house: TheHouse, tenant: Tenant, uuid: Annotated[str, Path(alias="id")]) -> Response:
    """The notification as it is sent, and its deliveries, newest first."""
    event = records.event(house.database, uuid, reseller_id=tenant)
    found = deliveries.of_event(house.database, event, limit=LIMIT_MAX + 1)
    fields = Event(
        id=event.uuid,
        resource=event.resource,
        resource_uuid=event.resource_uuid,
        action=event.action,
        version=event.version,
        changed_at=event.changed_at,
        payload={},
        deliveries=[delivery(house.ids, one) for one in found[:LIMIT_MAX]],
        has_more_deliveries=len(found) > LIMIT_MAX,
    ).model_dump(mode="json")
    return Response(
        orjson.dumps(fields | {"payload": orjson.Fragment(event.body)}), media_type=JSON
    )
