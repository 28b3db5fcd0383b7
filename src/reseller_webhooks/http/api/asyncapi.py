"""The notifications as AsyncAPI 3.0 describes them, from the same schemas as OpenAPI.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

from reseller_webhooks import __version__
from reseller_webhooks.core.deliveries import cloudevents, notification_schemas
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.http.api import notifications
from reseller_webhooks.http.api.request_body import JSON

SCHEMA = "#/components/schemas/{model}"
HTTP_BINDING = "0.3.0"
DESCRIPTION = """\
What reseller-webhooks sends to receivers: each message is one HTTPS POST to the URL of a webhook,
signed as Standard Webhooks has it. One webhook is about one resource and some of its actions.
"""


def document(public_url: str) -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "id": public_url,
        "info": {
            "title": "Reseller Webhooks: notifications",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "defaultContentType": JSON,
        "channels": {_channel(one): _channel_of(one) for one in Resource},
        "operations": {f"notifyOf{_channel(one)}": _operation(one) for one in Resource},
        "components": {
            "messages": dict(_messages(public_url)),
            "schemas": notifications.schemas(SCHEMA),
        },
    }


def _channel(resource: Resource) -> str:
    return notification_schemas.model_name(resource)


def _names(resource: Resource) -> list[str]:
    """Names of the resource's messages: each action, in both formats."""
    plain = [notifications.kind_name(resource, one) for one in Action]
    return plain + [notifications.event_name(resource, one) for one in Action]


def _channel_of(resource: Resource) -> dict[str, Any]:
    return {
        "address": None,  # the receiver's own URL, which each webhook names
        "title": resource.label,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(resource)},
    }


def _operation(resource: Resource) -> dict[str, Any]:
    channel = f"#/channels/{_channel(resource)}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": f"A change of a record: {resource.label}",
        "bindings": {"http": {"method": "POST", "bindingVersion": HTTP_BINDING}},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _names(resource)],
    }


def _messages(public_url: str) -> Any:
    for resource, action in notification_schemas.kinds():
        plain, packed = notifications.example(resource, public_url)
        name = notifications.kind_name(resource, action)
        shown = action is Action.ADDED  # which is what the examples are
        yield name, _message(name, JSON, plain if shown else None)
        name = notifications.event_name(resource, action)
        yield name, _message(name, cloudevents.MEDIA_TYPE, packed if shown else None)


def _message(name: str, media_type: str, example: dict[str, Any] | None) -> dict[str, Any]:
    found = {
        "name": name,
        "contentType": media_type,
        "headers": {
            "type": "object",
            "required": list(notifications.HEADERS),
            "properties": {
                header: {"type": "string", "description": words}
                for header, words in notifications.HEADERS.items()
            },
        },
        "payload": {"$ref": SCHEMA.format(model=name)},
        "bindings": {"http": {"bindingVersion": HTTP_BINDING}},
    }
    return found | ({"examples": [{"payload": example}]} if example else {})
