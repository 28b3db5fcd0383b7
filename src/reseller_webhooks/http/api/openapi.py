"""The OpenAPI 3.1 document of the API and its notifications."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from reseller_webhooks import __version__
from reseller_webhooks.http.api import notifications, openapi_schemas, rate_limits
from reseller_webhooks.http.edge.problems import MEDIA_TYPE

TITLE = "Reseller Webhooks"
DESCRIPTION = """\
Keeps a reseller's own systems in sync with the platform: the platform writes **records**, each
change becomes an **event**, and every matching **webhook** gets a **delivery** of it.

Every path under `/api/` needs `Authorization: Bearer rwk_...`. What goes wrong is answered as
`application/problem+json` (RFC 9457), with `errors: [{pointer, detail}]` for input. Lists answer
`{"items", "nextCursor"}` and take `limit` up to 500; give `nextCursor` back as `cursor`.

A request beyond a quota of a reseller is answered 429 with `Retry-After`; nothing was done, so send
the same request again later. With a reseller's key, `RateLimit` tells how many requests are left.

Limits: the content of a record has at most 256 KiB as compact JSON; the body of `POST
/api/v1/changes` at most 10 MiB and 1000 changes, any other body 1 MiB (413). A query parameter that
a path does not have is refused (422) with those that it has.
"""
PROJECT = "https://github.com/reseller-webhooks/reseller-webhooks"
CONTACT = {"name": "The Reseller Webhooks authors", "url": PROJECT}
LICENSE = {"name": "Apache-2.0", "url": f"{PROJECT}/blob/main/LICENSE"}
TAGS = {
    "Changes": "What the platform tells, many changes at once.",
    "Webhooks": "Whom to tell, of what, and how.",
    "Deliveries": "The event log: what went out and what came of it.",
    "Jobs": "Work that takes longer than a request.",
    "Events": "The recorded fact of each change.",
    "Records": "The current records, where AppDirect keeps them and in its shapes.",
    "Sync": "A snapshot to begin with, a digest to prove equality.",
    "Resellers": "The tenants, and their API keys.",
    "Health": "How the program is doing; without a key.",
}
COMPONENTS = "#/components/schemas/{model}"

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
        "violated-policies": {
            "type": "array",
            "description": "Of 429: the quotas that are used up, as RateLimit-Policy names them.",
            "items": {"type": "string"},
        },
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
RECORD_PATCH = {
    "type": "object",
    "title": "RecordPatch",
    "description": "Fields to merge into a record's content (RFC 7396); null removes a field.",
    "additionalProperties": True,
}
_ANY_PROBLEM = {
    "description": "Any other problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": COMPONENTS.format(model="Problem")}}},
}


class Document:
    """The document of some routes, built at the first request for it."""

    def __init__(self, public_url: str, routes: Sequence[BaseRoute]) -> None:
        self._public_url, self._routes = public_url, routes
        self._building = Lock()
        self._built: dict[str, Any] | None = None

    def get(self) -> dict[str, Any]:
        """All of it."""
        with self._building:
            if self._built is None:
                self._built = _build(self._public_url, self._routes)
            return self._built


def _build(public_url: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    document = get_openapi(
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        routes=routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        servers=[{"url": public_url}],
        contact=CONTACT,
        license_info=LICENSE,
    )
    schemas = document["components"]["schemas"]
    schemas |= {"Problem": PROBLEM, "RecordPatch": RECORD_PATCH} | notifications.schemas(COMPONENTS)
    for path, operation in _operations(document):
        schemas |= openapi_schemas.name_body_schemas(operation, COMPONENTS)
        openapi_schemas.type_event_streams(operation)
        _phrase(operation["responses"])
        if path.startswith("/api/"):
            operation["responses"]["429"] = rate_limits.REFUSAL
            rate_limits.describe(operation["responses"])
            operation["responses"]["default"] = _ANY_PROBLEM
        else:
            operation.setdefault("security", [])
            operation["responses"]["4XX"] = _ANY_PROBLEM
    openapi_schemas.require_discriminators(schemas)
    openapi_schemas.join_null_types(document)
    document["components"]["headers"] = rate_limits.HEADERS
    document["webhooks"] = notifications.webhooks(COMPONENTS, public_url)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _phrase(responses: dict[str, Any]) -> None:
    """The status in words, where FastAPI says only that it was successful."""
    for status, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = HTTPStatus(int(status)).phrase
