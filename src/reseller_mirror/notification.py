"""Notifications, parsed, and the one error for everything that can be wrong with a request."""

import json
from dataclasses import dataclass
from typing import Any

ACTIONS = frozenset({"ADDED", "CHANGED", "REMOVED"})


NUMBER_MAX = 2**63 - 1
"""The largest integer of databases."""


class Rejected(Exception):
    """The request is not a genuine notification; answer `status` and forget it.

    401 for a wrong or missing proof, 400 for a body that is no notification.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        self.status = status
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Notification:
    """One change of one resource.

    event: its id, the same on every attempt. at_ms: epoch milliseconds of the change.
    version: counts the resource's changes, from 1 (0 is a test); apply it only if it is newer
    than what you have. content: None when the resource was removed.
    changed: names of top-level fields.
    """

    event: str
    at_ms: int
    resource: str
    uuid: str
    action: str
    version: int
    url: str | None
    content: dict[str, Any] | None
    changed: tuple[str, ...]

    @property
    def removed(self) -> bool:
        """True if the record was removed."""
        return self.action == "REMOVED"

    @property
    def is_test(self) -> bool:
        """True for a test notification; its record is an example."""
        return self.version == 0


def read(body: bytes) -> Notification:
    """Parse the notification in a body; Rejected for any other body."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected("the body is no notification") from None
    return from_json(given)


def from_json(given: Any) -> Notification:
    """The notification in a JSON value; Rejected when it is none."""
    try:
        resource = given["resource"]
        found = Notification(
            event=given["uuid"],
            at_ms=given["timestamp"],
            resource=resource["type"],
            uuid=resource["uuid"],
            action=given["resourceAction"],
            version=given["resourceVersion"],
            url=resource.get("url"),
            content=resource.get("content"),
            changed=tuple(given.get("changedFields", ())),
        )
    except (TypeError, KeyError, AttributeError):
        raise Rejected("the body is no notification") from None
    _check(found)
    return found


def _check(found: Notification) -> None:
    texts = (found.event, found.resource, found.uuid, found.action)
    numbers = (found.at_ms, found.version)
    if not all(isinstance(text, str) and text for text in texts):
        raise Rejected("an id, type or action is no text")
    if not all(type(number) is int and 0 <= number <= NUMBER_MAX for number in numbers):
        raise Rejected("the timestamp or the version is no number")
    if found.action not in ACTIONS:
        raise Rejected(f"the action is none of {', '.join(sorted(ACTIONS))}")
    if not found.removed and not isinstance(found.content, dict):
        raise Rejected("there is no content")
