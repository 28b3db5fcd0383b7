"""A change: one write to a resource, before it is an event, and its effect on the record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.json_input import parse
from reseller_webhooks.core.messages.changes import RECORD_EXISTS
from reseller_webhooks.core.records import (
    Content,
    action_rules,
    changed_fields,
    events,
    generations,
    merge,
    path,
    read_content,
    statuses,
)
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import Record


class Expects(StrEnum):
    """Conditions on the record for a change; otherwise it is refused."""

    ANYTHING = "whatever is there"
    ABSENT = "the record must be new"
    PRESENT = "the record must be there"


@dataclass(frozen=True, slots=True)
class Put:
    """The record is to have this content."""

    content: Content


@dataclass(frozen=True, slots=True)
class Patch:
    """The record's content is to be merged with these fields (RFC 7396)."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remove:
    """Removal of a record.

    on_request: a person asked for it; for an app assignment it begins. erased: receivers are told
    to delete what they have of it.
    """

    on_request: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A write to a record. reseller: its id as users see it."""

    reseller: str
    resource: Resource
    uuid: str
    what: Put | Patch | Remove
    expects: Expects = Expects.ANYTHING


@dataclass(frozen=True, slots=True)
class EventContext:
    """The context of a change: the time, an id for the event, the base of URLs.

    at: microseconds UTC. public_url: without a slash at the end. floor: of the store's
    generation; versions go on above it. version_floor: the highest version of a record of the
    reseller that was removed so long ago that it is forgotten; one made anew begins above it.
    """

    at: int
    event: str
    public_url: str
    floor: int = 0
    version_floor: int = 0


def decide(
    change: Change, reseller_id: int, held: Record | None, stamp: EventContext
) -> tuple[Record | None, Event | None]:
    """The record and the event that a change makes; no event when nothing changes.

    held: the record as it is, tombstones included; None when there never was one, and then
    the record is None too if the change has nothing to do. The first change of a record in a
    generation is told in any case: receivers may hold what was lost with the generation before.
    Conflict and NotFound when the change expects something else; Invalid for content that
    does not fit and for a status that cannot follow.
    """
    live = held if held and not held.removed else None
    _check(change, live)
    content = _content(change, live)
    before, after = _status(live), content.status if content else None
    if live and content:
        statuses.check_move(change.resource, before, after)
    fields = _differences(live, content)
    is_unreported = generations.is_unreported(held.version if held else 0, stamp.floor)
    if live and content and not fields and not is_unreported:
        return held, None
    decision = action_rules.decide(change.resource, before, after)
    if decision is None and is_unreported:
        decision = action_rules.REMOVED_THOUGH_UNKNOWN
    if decision is None:
        return held, None
    record = _record(change, reseller_id, held, stamp)
    if content and not decision.tombstone:
        record = replace(
            record,
            removed=False,
            status=content.status,
            content=content.json,
            parent=content.parent,
            alias=content.alias,
        )
    is_erased = isinstance(change.what, Remove) and change.what.erased
    return record, _event(record, decision, stamp, fields, is_erased=is_erased)


def _check(change: Change, live: Record | None) -> None:
    if change.expects is Expects.ABSENT and live:
        raise Conflict(RECORD_EXISTS(kind=change.resource.label, id=change.uuid))
    if live is None and (change.expects is Expects.PRESENT or isinstance(change.what, Patch)):
        raise NotFound(change.resource.label, change.uuid)


def _content(change: Change, live: Record | None) -> Content | None:
    match change.what:
        case Put(content):
            return content
        case Patch(fields):
            merged = merge(_fields(live), fields)
            return read_content(change.resource, change.uuid, merged)
        case Remove(on_request=True) if live:
            wanted = action_rules.remove_request(change.resource, live.status)
            if wanted is None:
                return None
            merged = {**_fields(live), "status": wanted}
            return read_content(change.resource, change.uuid, merged)
    return None


def _differences(live: Record | None, content: Content | None) -> list[str]:
    if live is None or content is None or live.content == content.json:
        return []
    return changed_fields(_fields(live), content.fields)


def _record(change: Change, reseller_id: int, held: Record | None, stamp: EventContext) -> Record:
    """The record's next version, as a tombstone."""
    return Record(
        id=held.id if held else None,
        reseller_id=reseller_id,
        resource=change.resource,
        uuid=change.uuid,
        parent=held.parent if held else None,
        alias=held.alias if held else None,
        version=_next_version(held, stamp),
        removed=True,
        status=None,
        content=None,
        changed_at=stamp.at,
    )


def _next_version(held: Record | None, stamp: EventContext) -> int:
    before = held.version if held else stamp.version_floor
    return generations.next_version(before, stamp.floor)


def _event(
    record: Record,
    decision: action_rules.Decision,
    stamp: EventContext,
    fields: list[str],
    *,
    is_erased: bool,
) -> Event:
    return Event(
        uuid=stamp.event,
        reseller_id=record.reseller_id,
        resource=record.resource,
        resource_uuid=record.uuid,
        action=decision.action,
        ticked=decision.ticked,
        version=record.version,
        changed_at=stamp.at,
        body=_body(record, decision.action, stamp, fields, is_erased=is_erased),
    )


def _body(
    record: Record, action: Action, stamp: EventContext, fields: list[str], *, is_erased: bool
) -> str:
    if action is Action.REMOVED or record.content is None:
        return events.body_without_content(
            stamp.event,
            stamp.at,
            record.resource,
            uuid=record.uuid,
            version=record.version,
            is_erased=is_erased,
        )
    url = stamp.public_url + path(record.resource, record.uuid, record.parent, record.alias)
    return events.body_with_content(
        stamp.event,
        stamp.at,
        events.resource_json(record.resource, record.uuid, url, record.content),
        version=record.version,
        changed_fields=fields if action is Action.CHANGED else None,
    )


def _status(live: Record | None) -> str | None:
    return live.status if live else None


def _fields(live: Record | None) -> dict[str, Any]:
    fields: dict[str, Any] = parse(live.content) if live and live.content else {}
    return fields
