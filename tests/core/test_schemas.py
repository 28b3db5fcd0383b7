"""The schemas say exactly what the bodies are: no member more, none less, in that sequence."""

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import orjson
import pytest

from reseller_webhooks.core.deliveries import notification_schemas
from reseller_webhooks.core.deliveries.cloudevents import structured
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import examples, path, read_content
from reseller_webhooks.core.records.events import (
    body_with_content,
    body_without_content,
    resource_json,
)

EVENT = "019c0f2e-7a5b-7c3d-8e4f-0123456789ab"
AT = 1_770_000_000_000_000
KINDS = list(notification_schemas.kinds())


def body(resource: Resource, action: Action) -> bytes:
    uuid, fields = examples.CONTENTS[resource]
    if action is Action.REMOVED:
        return body_without_content(EVENT, AT, resource, uuid=uuid, version=3).encode()
    content = read_content(resource, uuid, fields)
    url = "https://h" + path(resource, uuid, content.parent, content.alias)
    member = resource_json(resource, uuid, url, content.json)
    changed = ["status"] if action is Action.CHANGED else None
    return body_with_content(EVENT, AT, member, version=3, changed_fields=changed).encode()


def is_valid(name: str, told: Any) -> bool:
    found = notification_schemas.documents()[name]
    return jsonschema_rs.Draft202012Validator(found, validate_formats=True).is_valid(told)


@pytest.mark.parametrize(("resource", "action"), KINDS)
def test_a_body_fits_its_own_schema_and_no_other(resource: Resource, action: Action) -> None:
    told = orjson.loads(body(resource, action))
    plain = [notification_schemas.schema_name(*kind) for kind in KINDS]

    assert [one for one in plain if is_valid(one, told)] == [
        notification_schemas.schema_name(resource, action)
    ]


@pytest.mark.parametrize(("resource", "action"), KINDS)
def test_members_are_described_in_the_sequence_in_which_they_are_sent(
    resource: Resource, action: Action
) -> None:
    told = orjson.loads(body(resource, action))
    found = notification_schemas.documents()[notification_schemas.schema_name(resource, action)][
        "properties"
    ]

    assert [name for name in found if name != "erased"] == list(told)
    assert list(found["resource"]["properties"]) == list(told["resource"])


@pytest.mark.parametrize(("resource", "action"), KINDS)
def test_the_cloud_event_has_its_schema_too(resource: Resource, action: Action) -> None:
    told = orjson.loads(structured(EVENT, body(resource, action), "https://h/api/v1/events"))
    name = f"{notification_schemas.schema_name(resource, action)}.cloudevent"

    assert is_valid(name, told)
    assert list(notification_schemas.documents()[name]["properties"]) == list(told)
    assert not is_valid(name, told | {"specversion": "0.3"})
    assert not is_valid(name, told | {"data": {}})


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda told: told.pop(name)


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no uuid": _without("uuid"),
    "no timestamp": _without("timestamp"),
    "no resource": _without("resource"),
    "no action": _without("resourceAction"),
    "no version": _without("resourceVersion"),
    "no changed fields": _without("changedFields"),
    "a member more": lambda told: told.update(more=1),
    "a member more of the resource": lambda told: told["resource"].update(more=1),
    "no url": lambda told: told["resource"].pop("url"),
    "no content": lambda told: told["resource"].pop("content"),
    "content that is null": lambda told: told["resource"].update(content=None),
    "content without its id": lambda told: told["resource"]["content"].pop("id"),
    "content without what is always there": lambda told: told["resource"]["content"].pop("size"),
    "a number for a name": lambda told: told["resource"]["content"].update(name=7),
    "an event that is no uuid": lambda told: told.update(uuid="e1"),
    "a timestamp in words": lambda told: told.update(timestamp="2026-01-01"),
    "another type": lambda told: told["resource"].update(type="LEAD"),
    "an action of the page": lambda told: told.update(resourceAction="DELETED"),
    "a version below zero": lambda told: told.update(resourceVersion=-1),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused(wrong: str) -> None:
    told = orjson.loads(body(Resource.COMPANY, Action.CHANGED))
    WRONG[wrong](told)

    assert not is_valid("company.changed", told)


def test_fields_that_the_platform_adds_to_a_content_are_no_fault() -> None:
    told = orjson.loads(body(Resource.COMPANY, Action.CHANGED))
    told["resource"]["content"]["customField"] = "x"

    assert is_valid("company.changed", told)


@pytest.mark.parametrize("name", notification_schemas.documents())
def test_each_is_a_schema(name: str) -> None:
    found = notification_schemas.documents()[name]

    assert found["$schema"] == notification_schemas.DIALECT
    assert jsonschema_rs.meta.is_valid(found)
