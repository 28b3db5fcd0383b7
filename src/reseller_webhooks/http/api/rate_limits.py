"""Quotas in OpenAPI: the response 429 and the RateLimit header fields."""

from typing import Any

from reseller_webhooks.http.edge.problems import MEDIA_TYPE

HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "What is left of a quota (draft-ietf-httpapi-ratelimit-headers-12): "
        "r units, and t seconds until there are more.",
        "schema": {"type": "string", "examples": ['"requests_per_second";r=1999;t=1']},
    },
    "RateLimit-Policy": {
        "description": "The quota: q units, in each window of w seconds if there is one.",
        "schema": {"type": "string", "examples": ['"requests_per_second";q=2000;w=10']},
    },
    "Retry-After": {
        "description": "In how many seconds to send the same request again. Absent where waiting "
        "does not help: delete webhooks, or have the limit raised.",
        "schema": {"type": "integer"},
    },
}
_EVERY = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}
_LEFT = {name: ref for name, ref in _EVERY.items() if name != "Retry-After"}
REFUSAL: dict[str, Any] = {
    "description": "Quota exceeded: nothing was done",
    "headers": _EVERY,
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(responses: dict[str, Any]) -> None:
    """Add the fields to successful answers."""
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = response.get("headers", {}) | _LEFT
