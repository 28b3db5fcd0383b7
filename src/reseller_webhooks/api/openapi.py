"""The API's own description (OpenAPI 3.1), with the notifications that receivers get."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from reseller_webhooks.api.bodies import JSON
from reseller_webhooks.api.problems import MEDIA_TYPE
from reseller_webhooks.core import examples
from reseller_webhooks.core.names import Action, Resource
from reseller_webhooks.core.resources import model_of

DESCRIPTION = """\
Keeps a reseller's own systems in sync with the platform: the platform writes **records**, each
change becomes an **event**, and every matching **webhook** gets a **delivery** of it.

Every path under `/api/` needs `Authorization: Bearer rwk_...`. What goes wrong is answered as
`application/problem+json` (RFC 9457), with `errors: [{pointer, detail}]` for input. Lists answer
`{"items", "nextCursor"}` and take `limit` up to 500; give `nextCursor` back as `cursor`.
"""
TAGS = {
    "Changes": "What the platform tells, many changes at once.",
    "Webhooks": "Whom to tell, of what, and how.",
    "Deliveries": "The event log: what went out and what came of it.",
    "Events": "The recorded fact of each change.",
    "Records": "The current records, where AppDirect keeps them and in its shapes.",
    "Sync": "A snapshot to begin with, a digest to prove equality.",
    "Resellers": "The tenants, and their API keys.",
    "Health": "How the program is doing; without a key.",
}
COMPONENTS = "#/components/schemas/{model}"
_EVENT, _AT = "019c0f2e-7a5b-7c3d-8e4f-0123456789ab", 1_770_000_000_000_000

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/docs#not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "For input: every problem found, up to 100.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "A JSON pointer (RFC 6901) into the body; or / and the name "
                        "of a parameter or header.",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_ANY_PROBLEM = {
    "description": "Any other problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": COMPONENTS.format(model="Problem")}}},
}


def document(app: FastAPI, public_url: str) -> dict[str, Any]:
    """All of it; built once."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        servers=[{"url": public_url}],
    )
    schemas = document["components"]["schemas"]
    schemas |= {"Problem": PROBLEM} | _records()
    for path, operation in _operations(document):
        schemas |= _definitions(operation)
        _phrase(operation["responses"])
        if path.startswith("/api/"):
            operation["responses"]["default"] = _ANY_PROBLEM
    document["webhooks"] = {
        _name(resource): {"post": _notification(resource, public_url)} for resource in Resource
    }
    return document


def _records() -> dict[str, Any]:
    adapters = [(resource, TypeAdapter(model_of(resource))) for resource in Resource]
    _, found = TypeAdapter.json_schemas(
        [(resource, "validation", adapter) for resource, adapter in adapters],
        ref_template=COMPONENTS,
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _definitions(operation: dict[str, Any]) -> dict[str, Any]:
    """The definitions that came within the schema of a body, taken out of it."""
    found: dict[str, Any] = {}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        found |= media["schema"].pop("$defs", {})
    return found


def _phrase(responses: dict[str, Any]) -> None:
    """The status in words, where FastAPI says only that it was successful."""
    for status, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = HTTPStatus(int(status)).phrase


def _name(resource: Resource) -> str:
    return str(model_of(resource).__name__)


def _notification(resource: Resource, public_url: str) -> dict[str, Any]:
    example = orjson.loads(examples.notification(resource, public_url, _EVENT, _AT))
    media = {"schema": _envelope(resource), "examples": {"added": {"value": example}}}
    return {
        "operationId": f"notifyOf{_name(resource)}",
        "summary": f"A change of a record: {resource.label}",
        "description": "Confirm with any status from 200 to 299, within 30 seconds. Apply it only "
        "if `resourceVersion` is newer than what you have.",
        "parameters": [_header(name, words) for name, words in _HEADERS.items()],
        "requestBody": {"required": True, "content": {JSON: media}},
        "responses": {"2XX": {"description": "Taken. Anything else is tried again later."}},
        "security": [],
    }


_HEADERS = {
    "webhook-id": "The event's id; the same on every attempt.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "Standard Webhooks: v1, and the HMAC-SHA256 under the webhook's secret.",
    "x-webhook-attempt": "1, 2, 3...",
}


def _header(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string", "description": words}
    return {"name": name, "in": "header", "required": True, "schema": schema}


def _envelope(resource: Resource) -> dict[str, Any]:
    about = {
        "type": {"const": resource.value},
        "uuid": {"type": "string"},
        "url": {"type": "string", "description": "Where the record is; not when it was removed."},
        "content": {"$ref": COMPONENTS.format(model=_name(resource))},
    }
    members = {
        "uuid": {"type": "string", "format": "uuid", "description": "The event's id."},
        "timestamp": {"type": "integer", "description": "Of the change, in ms since 1970."},
        "resource": {"type": "object", "required": ["type", "uuid"], "properties": about},
        "resourceAction": {"enum": [action.value for action in Action]},
        "resourceVersion": {"type": "integer", "description": "Counts the record's changes."},
        "changedFields": {"type": "array", "items": {"type": "string"}},
    }
    required = [name for name in members if name != "changedFields"]
    return {"type": "object", "required": required, "properties": members}
