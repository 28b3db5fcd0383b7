"""JSON Schema (2020-12) of every notification, from the models that read the contents.

The envelope's members stand here once, for the schemas, OpenAPI and AsyncAPI. The bodies are
written by core/records/events, and a test holds each against its schema, members and sequence.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from reseller_webhooks.core.deliveries.cloudevents import event_type
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import SHAPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CLOUD_EVENT = "cloudevent"
LOCAL = "#/$defs/{model}"

Schema = dict[str, Any]


def kinds() -> Iterator[tuple[Resource, Action]]:
    """Every resource with every action, as the page lists them."""
    return ((resource, action) for resource in Resource for action in Action)


def schema_name(resource: Resource, action: Action) -> str:
    """The name of a schema, for example `app_assignment.removed`."""
    return event_type(resource, action)


def names() -> Iterator[str]:
    """Names of the schemas: of each notification, and of the CloudEvent that holds it."""
    for resource, action in kinds():
        yield schema_name(resource, action)
        yield _packed_name(resource, action)


@cache
def documents() -> dict[str, Schema]:
    """Whole schemas by name: of each notification, and of the CloudEvent that holds it."""
    found: dict[str, Schema] = {}
    for resource, action in kinds():
        name, about = schema_name(resource, action), notification(resource, action, LOCAL)
        needed = {} if action is Action.REMOVED else {"$defs": contents(LOCAL, [resource])}
        found[name] = {"$schema": DIALECT} | about | needed
        packed = cloud_event(resource, action, about)
        found[_packed_name(resource, action)] = {"$schema": DIALECT} | packed | needed
    return found


ERASED: Schema = {
    "type": "boolean",
    "description": "If true, the record was erased: delete what you have of it, too.",
}
"""An optional member of REMOVED."""


def notification(resource: Resource, action: Action, ref: str) -> Schema:
    """The schema of a notification. ref: the path of contents, with `{model}` in it."""
    members: Schema = {
        "uuid": {"type": "string", "format": "uuid", "description": "The event's id."},
        "timestamp": {"type": "integer", "description": "Of the change, in ms since 1970."},
        "resource": _record(resource, action, ref),
        "resourceAction": {"const": action.value},
        "resourceVersion": {
            "type": "integer",
            "minimum": 0,
            "description": "Counts the record's changes from 1; 0 in a test notification.",
        },
    }
    if action is Action.CHANGED:
        members["changedFields"] = {
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "description": "Names of the content's own fields that differ, sorted.",
        }
    title = f"{resource.label} {action.value.lower()}"
    schema = closed(members)
    if action is Action.REMOVED:
        schema["properties"] = {**members, "erased": ERASED}
    return {"title": title} | schema


def cloud_event(resource: Resource, action: Action, data: Schema) -> Schema:
    """The CloudEvent 1.0 that holds a notification; data: the schema of it."""
    members = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "The event's id."},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {"const": event_type(resource, action)},
        "subject": {"type": "string", "minLength": 1, "description": "The record's id."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": data,
    }
    return {"title": f"{resource.label} {action.value.lower()}, as a CloudEvent"} | closed(members)


def contents(ref: str, resources: list[Resource] | None = None) -> dict[str, Schema]:
    """The contents as they are sent, by the model's name, with all they are made of.

    A content may have more fields than are described: what the platform adds is sent as well.
    """
    some = list(Resource) if resources is None else resources
    adapters = [(one, "validation", TypeAdapter(SHAPES[one].model)) for one in some]
    _, found = TypeAdapter.json_schemas(adapters, ref_template=ref)  # type: ignore[arg-type]
    definitions: dict[str, Schema] = found["$defs"]
    return definitions


def model_name(resource: Resource) -> str:
    """The name of a resource's content, for example AppAssignment."""
    return str(SHAPES[resource].model.__name__)


def closed(members: Schema) -> Schema:
    """An object with exactly these members."""
    return {
        "type": "object",
        "required": list(members),
        "properties": members,
        "additionalProperties": False,
    }


def _packed_name(resource: Resource, action: Action) -> str:
    return f"{schema_name(resource, action)}.{CLOUD_EVENT}"


def _record(resource: Resource, action: Action, ref: str) -> Schema:
    members: Schema = {
        "type": {"const": resource.value},
        "uuid": {"type": "string", "minLength": 1},
    }
    if action is not Action.REMOVED:
        members["url"] = {"type": "string", "description": "GET it to read the record again."}
        members["content"] = {
            "allOf": [{"$ref": ref.format(model=model_name(resource))}],
            "required": _always(resource),
        }
    return closed(members)


def _always(resource: Resource) -> list[str]:
    """Fields that are always present; an order within a subscription may differ."""
    shape = SHAPES[resource]
    always = {*shape.blank, *shape.identity, *shape.model.__required_keys__}
    return [name for name in shape.model.__annotations__ if name in always]
