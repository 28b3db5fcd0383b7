"""Deliveries in the API."""

from typing import Any

from pydantic import Field

from reseller_webhooks.core.deliveries.attempts import Outcome
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import AttemptRow, LogLine
from reseller_webhooks.core.deliveries.notification import shown_headers
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.http.api import timestamps
from reseller_webhooks.http.api.schemas import Payload, Shape
from reseller_webhooks.operations.deliveries import Details, LogEntry
from reseller_webhooks.operations.public_ids import PublicIds


class Last(Shape):
    """The last result: the newest attempt, or the closing without an attempt."""

    at: timestamps.Shown
    status: int | None
    reason: str | None
    detail: str


class Delivery(Shape):
    """One event on its way to one webhook."""

    id: str = Field(examples=["dlv_7xKp2mQvT0aZr4Yc1LhWsg"])
    event: str = Field(description="The event's id, which is `uuid` in the payload.")
    webhook: str
    url: str
    resource: Resource
    resource_uuid: str
    action: Action
    version: int
    state: State
    attempt_count: int
    created_at: timestamps.Shown
    next_at: timestamps.Shown | None = Field(description="When the next attempt is due.")
    last: Last | None
    replay_of: str | None = Field(description="The delivery that this one repeats.")


class Attempt(Shape):
    """One HTTP request of a delivery, and its result."""

    number: int
    at: timestamps.Shown
    ms: int = Field(description="Milliseconds until the answer or the failure.")
    outcome: Outcome
    status: int | None
    reason: str | None
    detail: str
    note: str | None = Field(description="What was unusual, also of an accepted attempt.")
    response: str = Field(description="The start of the receiver's answer.")
    request_headers: dict[str, str] = Field(description="What proves who we are is masked.")
    response_headers: dict[str, str] | None = Field(
        description="The first of the answer, none that may be a secret."
    )


class DeliveryDetails(Delivery):
    """A delivery with its payload, null once its retention is over, and its attempts."""

    payload: Payload | None
    attempts: list[Attempt]


class Deliveries(Shape):
    """A page of deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str | None


def delivery(ids: PublicIds, entry: LogEntry) -> Delivery:
    """The delivery as a list shows it."""
    return Delivery(**_fields(ids, entry))


def details(ids: PublicIds, found: Details, auth_type: str, form: Format) -> DeliveryDetails:
    """The delivery with all there is to see of it but its payload."""
    event = found.entry.event
    return DeliveryDetails(
        **_fields(ids, found.entry),
        payload=None,
        attempts=[
            _attempt(
                one,
                Outcome(one.outcome),
                shown_headers(event, auth_type, one.number, one.at, form),
            )
            for one in found.attempts
            if one.outcome  # A line without one closed the delivery; `last` tells why.
        ],
    )


def _fields(ids: PublicIds, entry: LogEntry) -> dict[str, Any]:
    line = entry.line
    return {
        "id": ids.delivery(line.delivery_id),
        "event": entry.event,
        "webhook": entry.webhook,
        "url": entry.url,
        "resource": line.resource,
        "resource_uuid": line.resource_uuid,
        "action": line.action,
        "version": line.version,
        "state": line.state,
        "attempt_count": line.attempts,
        "created_at": line.created_at,
        "next_at": line.next_at,
        "last": _last(line),
        "replay_of": None if line.replay_of is None else ids.delivery(line.replay_of),
    }


def _last(line: LogLine) -> Last | None:
    if line.last_at is None:
        return None
    return Last(
        at=line.last_at,
        status=line.last_status,
        reason=line.last_reason,
        detail=str(line.last_message or ""),
    )


def _attempt(line: AttemptRow, outcome: Outcome, headers: dict[str, str]) -> Attempt:
    return Attempt(
        number=line.number,
        at=line.at,
        ms=line.ms,
        outcome=outcome,
        status=line.status,
        reason=line.reason,
        detail=str(line.message or ""),
        note=str(line.note) if line.note else None,
        response=line.response,
        request_headers=headers,
        response_headers=line.response_headers,
    )
