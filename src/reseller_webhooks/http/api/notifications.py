"""Notifications in the OpenAPI document, under `webhooks`."""

from typing import Any

import orjson

from reseller_webhooks.core.deliveries import cloudevents, notification_schemas
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import examples
from reseller_webhooks.http.api.openapi_schemas import join_null_types
from reseller_webhooks.http.api.request_body import JSON

EVENT, AT = "019c0f2e-7a5b-7c3d-8e4f-0123456789ab", 1_770_000_000_000_000
HEADERS = {
    "webhook-id": "The event's id; the same on every attempt.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "Standard Webhooks: v1, and the HMAC-SHA256 under the webhook's secret.",
    "x-webhook-attempt": "1, 2, 3...",
}


def schemas(ref: str) -> dict[str, Any]:
    """The schemas of all notifications, of the CloudEvents that hold them, and of the contents.

    ref: where they will be, with `{model}` for the name.
    """
    found = notification_schemas.contents(ref)
    for resource, action in notification_schemas.kinds():
        name = kind_name(resource, action)
        found[name] = notification_schemas.notification(resource, action, ref)
        told = {"$ref": ref.format(model=name)}
        found[event_name(resource, action)] = notification_schemas.cloud_event(
            resource, action, told
        )
    join_null_types(found)
    return found


def kind_name(resource: Resource, action: Action) -> str:
    """For example CompanyAdded."""
    return f"{notification_schemas.model_name(resource)}{action.value.title()}"


def event_name(resource: Resource, action: Action) -> str:
    """For example CompanyAddedEvent, the CloudEvent."""
    return f"{kind_name(resource, action)}Event"


def example(resource: Resource, public_url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An example of a notification, and of the CloudEvent that holds it."""
    body = examples.notification(resource, public_url, EVENT, AT).encode()
    packed = cloudevents.structured(EVENT, body, public_url + cloudevents.EVENTS)
    return orjson.loads(body), orjson.loads(packed)


def webhooks(ref: str, public_url: str) -> dict[str, Any]:
    """The `webhooks` part of the document."""
    return {
        notification_schemas.model_name(resource): {
            "post": _notification(resource, ref, public_url)
        }
        for resource in Resource
    }


def _notification(resource: Resource, ref: str, public_url: str) -> dict[str, Any]:
    plain, packed = example(resource, public_url)
    return {
        "operationId": f"notifyOf{notification_schemas.model_name(resource)}",
        "summary": f"A change of a record: {resource.label}",
        "description": "Confirm with any status from 200 to 299, within 30 seconds. Apply it only "
        "if `resourceVersion` is newer than what you have.",
        "parameters": [_header(name, words) for name, words in HEADERS.items()],
        "requestBody": {
            "required": True,
            "content": {
                JSON: _media([kind_name(resource, one) for one in Action], ref, plain),
                cloudevents.MEDIA_TYPE: _media(
                    [event_name(resource, one) for one in Action], ref, packed
                ),
            },
        },
        "responses": {"2XX": {"description": "Taken. Anything else is tried again later."}},
        "security": [],
    }


def _media(names: list[str], ref: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": {"oneOf": [{"$ref": ref.format(model=name)} for name in names]},
        "examples": {"added": {"value": example}},
    }


def _header(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string", "description": words}
    return {"name": name, "in": "header", "required": True, "schema": schema}
