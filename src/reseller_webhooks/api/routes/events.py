"""Events: the recorded fact of each change, and where it was sent."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response

from reseller_webhooks.api import moments
from reseller_webhooks.api.auth import Tenant, TheHouse
from reseller_webhooks.api.bodies import JSON
from reseller_webhooks.api.paging import LIMIT_MAX
from reseller_webhooks.api.problems import raises
from reseller_webhooks.api.shapes import Payload, Shape
from reseller_webhooks.api.shapes.deliveries import Delivery, delivery
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.events import Event as Recorded
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.operations import deliveries, records
from reseller_webhooks.operations.deliveries import Entry
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.log_query import LogQuery

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
    deliveries: list[Delivery]


@router.get("/{id}", operation_id="getEvent", summary="Get an event", response_model=Event)
def get(house: TheHouse, tenant: Tenant, uuid: Annotated[str, Path(alias="id")]) -> Response:
    """The notification as it is sent, and its deliveries, newest first."""
    event = records.event(house.database, uuid, reseller_id=tenant)
    fields = Event(
        id=event.uuid,
        resource=event.resource,
        resource_uuid=event.resource_uuid,
        action=event.action,
        version=event.version,
        changed_at=event.changed_at,
        payload={},
        deliveries=[delivery(house.ids, one) for one in _deliveries(house.database, event)],
    ).model_dump(mode="json")
    return Response(
        orjson.dumps(fields | {"payload": orjson.Fragment(event.body)}), media_type=JSON
    )


def _deliveries(database: Database, event: Recorded) -> list[Entry]:
    query = LogQuery(
        event.reseller_id,
        resource=event.resource,
        action=event.action,
        resource_uuid=event.resource_uuid,
        since=event.changed_at,
        limit=LIMIT_MAX,
    )
    found: list[Entry] = []
    while True:
        entries = deliveries.page(database, query)
        found += (entry for entry in entries if entry.event == event.uuid)
        if len(entries) < LIMIT_MAX:
            return found
        last = entries[-1].line
        query = replace(query, behind=(last.created_at, last.delivery_id))
