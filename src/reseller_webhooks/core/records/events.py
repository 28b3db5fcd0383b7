"""An event: the recorded fact of one change. Owns the notification's body, byte for byte."""

from dataclasses import dataclass
from uuid import UUID

import orjson

from reseller_webhooks.core.enums import Action, Resource

CHANCE_BYTES = 10


@dataclass(frozen=True, slots=True)
class Event:
    """One change as it is written down, once and for ever.

    ticked: the page's checkboxes of which a webhook needs one to be told.
    changed_at: microseconds UTC. body: the notification, exactly as it is sent.
    """

    uuid: str
    reseller_id: int
    resource: Resource
    resource_uuid: str
    action: Action
    ticked: frozenset[Action]
    version: int
    changed_at: int
    body: str


def event_uuid(at: int, chance: bytes) -> str:
    """A UUID version 7 (RFC 9562, 5.7): time first, so that the newest lie together on disk.

    at: microseconds UTC. chance: CHANCE_BYTES random bytes.
    """
    number = (at // 1000) << 80 | int.from_bytes(chance, "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


def body_with_content(
    event: str, at: int, resource: str, *, version: int, changed_fields: list[str] | None
) -> str:
    """The body for ADDED (changed_fields None) and CHANGED; `resource` from `resource_json`."""
    head = f'{{"uuid":"{event}","timestamp":{at // 1000},"resource":{resource}'
    if changed_fields is None:
        return f'{head},"resourceAction":"ADDED","resourceVersion":{version}}}'
    fields = orjson.dumps(changed_fields).decode()
    return (
        f'{head},"resourceAction":"CHANGED","resourceVersion":{version},"changedFields":{fields}}}'
    )


def body_without_content(
    event: str, at: int, resource: Resource, *, uuid: str, version: int, is_erased: bool = False
) -> str:
    """The body for REMOVED: neither url nor content, as AppDirect sends it."""
    erased = ',"erased":true' if is_erased else ""
    named = f'{{"type":"{resource}","uuid":{_text(uuid)}}}'
    return (
        f'{{"uuid":"{event}","timestamp":{at // 1000},"resource":{named},'
        f'"resourceAction":"REMOVED","resourceVersion":{version}{erased}}}'
    )


def resource_json(resource: Resource, uuid: str, url: str, content: str) -> str:
    """The `resource` member; `content` is JSON already and goes in as it is."""
    return f'{{"type":"{resource}","uuid":{_text(uuid)},"url":{_text(url)},"content":{content}}}'


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
