"""Turns a request about one record into a change."""

from dataclasses import dataclass
from typing import Any

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Conflict, Invalid, NotFound, Problem, QuotaExceeded
from reseller_webhooks.core.messages.changes import (
    ASSIGNMENT_EXISTS,
    NOT_AN_ID,
    OTHER_SUBSCRIPTION,
    OTHER_USER,
    RIGHT_OBJECT,
    RIGHT_TEXT,
    RIGHT_TEXT_OR_WHOLE,
)
from reseller_webhooks.core.records import SHAPES, Content, read_content
from reseller_webhooks.core.records.changes import Change, Expects, Patch, Put, Remove
from reseller_webhooks.core.records.parse import must_be
from reseller_webhooks.core.records.problem_text import quote
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.records.resource_paths import NUMBERED
from reseller_webhooks.http.api.auth import find_reseller
from reseller_webhooks.http.api.request_body import value
from reseller_webhooks.operations import record_numbers, records, resellers
from reseller_webhooks.operations.changes import ChangeRequest, ChangeResult
from reseller_webhooks.operations.context import AppContext, Database

_PARENT = "subscriptionId"


@dataclass(frozen=True, slots=True)
class RecordScope:
    """The records that a request is about.

    parent: the subscription that the path of app assignments names. reseller_id: None for any.
    """

    resource: Resource
    parent: str | None
    reseller_id: int | None


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A change, and the reseller whose record it is about."""

    owner: Reseller
    change: Change


def find(database: Database, place: RecordScope, uuid: str) -> Record:
    """The record at the place that goes by this id. Errors as `records.get`."""
    return records.get(
        database, place.resource, uuid, reseller_id=place.reseller_id, parent=place.parent
    )


def fields_of(place: RecordScope, raw: bytes) -> dict[str, Any]:
    """The body's fields, which must not point to another place."""
    fields = value(raw)
    if not isinstance(fields, dict):
        raise Invalid.at("", must_be(quote(fields), RIGHT_OBJECT()))
    if place.parent is not None and fields.get(_PARENT, place.parent) != place.parent:
        raise Invalid.at(f"/{_PARENT}", OTHER_SUBSCRIPTION(given=quote(fields[_PARENT])))
    return fields


def create(database: Database, place: RecordScope, fields: dict[str, Any]) -> RecordChange:
    """A new record, with the id that the fields give it or a fresh one."""
    owner = _owner(database, place)
    uuid = _new_identity(database, place, fields)
    content = _content(place, uuid, fields)
    if content.alias is not None and _find(database, place, content.alias):
        raise Conflict(ASSIGNMENT_EXISTS(user=content.alias))
    return RecordChange(
        owner, Change(owner.uuid, place.resource, uuid, Put(content), Expects.ABSENT)
    )


def replace(
    database: Database, place: RecordScope, named_by: str, fields: dict[str, Any]
) -> RecordChange:
    """The whole content of a record, which may be there already or not.

    named_by: the id in the path; of an app assignment, its own or its user's.
    """
    there = _find(database, place, named_by)
    if there:
        uuid = there.uuid
    else:
        uuid = named_by if place.parent is None else _new_identity(database, place, fields)
    content = _content(place, uuid, fields)
    if place.parent is not None and named_by not in (uuid, content.alias):
        raise Invalid.at("/user/uuid", OTHER_USER(right=quote(named_by)))
    owner = _owner(database, place, there)
    return RecordChange(owner, Change(owner.uuid, place.resource, uuid, Put(content)))


def update(
    database: Database, place: RecordScope, named_by: str, what: Patch | Remove
) -> RecordChange:
    """A change of a record that must be there."""
    there = find(database, place, named_by)
    owner = _owner(database, place, there)
    return RecordChange(
        owner, Change(owner.uuid, place.resource, there.uuid, what, Expects.PRESENT)
    )


def _find(database: Database, place: RecordScope, uuid: str) -> Record | None:
    try:
        return find(database, place, uuid)
    except NotFound:
        return None


def _owner(database: Database, place: RecordScope, there: Record | None = None) -> Reseller:
    number = there.reseller_id if there else place.reseller_id
    return (
        find_reseller(database, None) if number is None else resellers.by_number(database, number)
    )


def _identity(place: RecordScope, fields: dict[str, Any]) -> str | None:
    names = SHAPES[place.resource].identity
    name = next((name for name in names if fields.get(name) is not None), None)
    if name is None:
        return None
    numbered = place.resource in NUMBERED
    match fields[name]:
        case int() as number if numbered and not isinstance(number, bool):
            return str(number)
        case str() as text:
            return text
        case other:
            right = RIGHT_TEXT_OR_WHOLE() if numbered else RIGHT_TEXT()
            raise Invalid.at(f"/{name}", NOT_AN_ID(given=quote(other), right=right))


def _new_identity(database: Database, place: RecordScope, fields: dict[str, Any]) -> str:
    given = _identity(place, fields)
    return record_numbers.next_uuid(database, place.resource) if given is None else given


def _content(place: RecordScope, uuid: str, fields: dict[str, Any]) -> Content:
    if place.parent is not None:
        fields = {**fields, _PARENT: place.parent}
    return read_content(place.resource, uuid, fields)


async def apply(context: AppContext, change: Change, size: int = 0) -> ChangeResult:
    """Apply one change, of a body of that size; durable when this returns.

    Pointers of what is wrong begin at its content; a quota has none.
    """
    try:
        answer = await context.submit(ChangeRequest((change,), size=size))
    except Invalid as error:
        raise Invalid(_within_content(one) for one in error.problems) from None
    except QuotaExceeded as error:
        error.places = ()
        raise
    return answer.results[0]


def _within_content(problem: Problem) -> Problem:
    pointer = problem.pointer.removeprefix("/changes/0").removeprefix("/content")
    return Problem(pointer, problem.message)
