"""Schemas of the OpenAPI document in the forms that code generators accept."""

from collections.abc import Iterator
from typing import Any

import orjson

from reseller_webhooks.http.api.request_body import MERGE_PATCH

SERVER_SENT_EVENTS = "text/event-stream"
_VALUES = {"enum", "const"}
EVENT_STREAM = {
    "type": "string",
    "description": "Server-sent events, each with a JSON object in `data`.",
}


def name_body_schemas(operation: dict[str, Any], ref: str) -> dict[str, Any]:
    """Replace the inline schemas of a request body by references; return the named schemas.

    A generator names an inline schema after its operation and media type, so a body with two media
    types would become two types with the same name.
    """
    found: dict[str, Any] = {}
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = media["schema"]
        definitions = schema.pop("$defs", {})
        for each in (schema, *definitions.values()):
            _describe_defaults(each, is_patch=MERGE_PATCH in content)
        found |= definitions
        if "title" in schema:
            found[schema["title"]] = schema
            media["schema"] = {"$ref": ref.format(model=schema["title"])}
    return found


def type_event_streams(operation: dict[str, Any]) -> None:
    """Describe streams as text: OpenAPI 3.1 has no `itemSchema`."""
    for response in operation["responses"].values():
        if SERVER_SENT_EVENTS in response.get("content", {}):
            response["content"][SERVER_SENT_EVENTS] = {"schema": EVENT_STREAM}


def require_discriminators(schemas: dict[str, Any]) -> None:
    """Make the discriminator of each union a required member of its types, without a default."""
    for union in [one for schema in schemas.values() for one in _unions(schema)]:
        name = union["discriminator"]["propertyName"]
        for ref in union["discriminator"]["mapping"].values():
            member = schemas[ref.rpartition("/")[2]]
            member["properties"][name].pop("default", None)
            member["required"] = [name, *(one for one in member.get("required", ()) if one != name)]


def join_null_types(value: Any) -> None:
    """Write `anyOf: [T, null]` as `type: [T, null]`, except where T is a reference or an enum."""
    if isinstance(value, list):
        for one in value:
            join_null_types(one)
    if isinstance(value, dict):
        match value.get("anyOf"):
            case [{"type": str() as kind, **rest}, {"type": "null"}] if not rest.keys() & _VALUES:
                del value["anyOf"]
                value |= {"type": [kind, "null"], **rest}
        for one in value.values():
            join_null_types(one)


def _describe_defaults(schema: dict[str, Any], *, is_patch: bool) -> None:
    """State the defaults of a request in descriptions instead of `default`.

    Generators make members with a `default` required, and fill them in. A member that a patch does
    not name has no default.
    """
    for member in schema.get("properties", {}).values():
        default = member.pop("default", None)
        if default is not None and not is_patch:
            words = (member.get("description", ""), f"Default: `{orjson.dumps(default).decode()}`.")
            member["description"] = " ".join(words).strip()


def _unions(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _unions(one)
    if isinstance(value, dict):
        if "mapping" in value.get("discriminator", {}):
            yield value
        for one in value.values():
            yield from _unions(one)
