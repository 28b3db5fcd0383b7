"""The notification's body and the event's id."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.enums import Action, Resource, from_mask, to_mask
from reseller_webhooks.core.records.events import (
    CHANCE_BYTES,
    body_with_content,
    body_without_content,
    event_uuid,
    resource_json,
)

AT = 1_487_230_205_455_123


@given(st.integers(0, 2**47 * 1000), st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES))
def test_an_event_id_is_a_uuid_of_version_7_that_tells_its_time(at: int, chance: bytes) -> None:
    one = UUID(event_uuid(at, chance))

    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert one.int >> 80 == at // 1000


def test_a_changed_body_has_the_keys_of_the_wire_in_their_sequence() -> None:
    member = resource_json(Resource.COMPANY, "c1", "https://h/c1", '{"name":"Zoë"}')
    body = body_with_content("e1", AT, member, version=3, changed_fields=["name", "size"])

    assert body == (
        '{"uuid":"e1","timestamp":1487230205455,"resource":{"type":"COMPANY","uuid":"c1",'
        '"url":"https://h/c1","content":{"name":"Zoë"}},"resourceAction":"CHANGED",'
        '"resourceVersion":3,"changedFields":["name","size"]}'
    )


def test_an_added_body_names_no_changed_fields() -> None:
    member = resource_json(Resource.LEAD, "l1", "https://h/l1", "{}")
    body = json.loads(body_with_content("e1", AT, member, version=1, changed_fields=None))

    assert list(body) == ["uuid", "timestamp", "resource", "resourceAction", "resourceVersion"]


def test_a_removed_body_has_neither_url_nor_content() -> None:
    body = body_without_content("e1", AT, Resource.ORDER, uuid="4395", version=2)

    assert body == (
        '{"uuid":"e1","timestamp":1487230205455,"resource":{"type":"ORDER","uuid":"4395"},'
        '"resourceAction":"REMOVED","resourceVersion":2}'
    )


@given(st.text())
def test_any_id_is_written_as_json(uuid: str) -> None:
    body = body_without_content(
        "e1", AT, Resource.LEAD, uuid=uuid.encode("utf-8", "replace").decode(), version=1
    )

    assert json.loads(body)["resource"]["uuid"] == uuid.encode("utf-8", "replace").decode()


@given(st.frozensets(st.sampled_from(Action)))
def test_a_mask_is_the_set_it_was_made_of(actions: frozenset[Action]) -> None:
    assert from_mask(to_mask(actions)) == actions
