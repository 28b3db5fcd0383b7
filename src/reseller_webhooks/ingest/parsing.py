"""Parses change requests from the API and NATS; reports every problem with its JSON pointer."""

import re
from collections.abc import Iterator
from typing import Any

from reseller_webhooks import crypto
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.messages.changes import (
    CHANGES_COUNT,
    CONTENT_MISSING,
    CONTENT_OF_REMOVED,
    KEY_INVALID,
    MISSING,
    NOT_A_CHANGE,
    NOT_CHANGES,
    RIGHT_BOOLEAN,
    RIGHT_TEXT,
    TYPE_UNKNOWN,
    UNKNOWN_FIELD,
    WITH_UNSEEN,
)
from reseller_webhooks.core.records import check_uuid, read_content
from reseller_webhooks.core.records.changes import Change, Put, Remove
from reseller_webhooks.core.records.parse import must_be
from reseller_webhooks.core.records.problem_text import pointer_to, quote
from reseller_webhooks.operations.changes import MAX_CHANGES, ChangeRequest

ERRORS_MAX = 100
"""Problems reported for one body; a thousand bad changes need no thousand problems."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_MEMBERS = {"reseller", "type", "uuid", "content", "removed"}
_TYPES = ", ".join(Resource)


def parse_changes(body: object, *, raw: bytes, key: str | None, caller: str = "") -> ChangeRequest:
    """Parse a request body. raw: its bytes. key: the Idempotency-Key, if any.

    caller: the id of the caller's API key; empty for NATS.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid.at("/Idempotency-Key", KEY_INVALID())
    found: list[Problem] = []
    changes = []
    for index, given in enumerate(_entries(body)):
        if len(found) > ERRORS_MAX:
            break
        try:
            changes.append(_change(given))
        except Invalid as error:
            found += error.under(f"/changes/{index}").problems
    if found:
        raise Invalid(found)
    return ChangeRequest(tuple(changes), key, crypto.digest(raw) if key else "", caller, len(raw))


def _entries(body: object) -> list[Any]:
    if not isinstance(body, dict) or set(body) != {"changes"}:
        raise Invalid.at("", NOT_CHANGES())
    entries = body["changes"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_CHANGES:
        raise Invalid.at("/changes", CHANGES_COUNT(most=MAX_CHANGES))
    return entries


def _change(given: object) -> Change:
    if not isinstance(given, dict):
        raise Invalid.at("", NOT_A_CHANGE(given=quote(given)))
    if wrong := [*_misnamed(given), *_mistaken(given)]:
        raise Invalid(wrong)
    resource, uuid = Resource(given["type"]), given["uuid"]
    check_uuid(uuid)
    if given.get("removed"):
        return Change(given["reseller"], resource, uuid, Remove())
    try:
        return Change(
            given["reseller"], resource, uuid, Put(read_content(resource, uuid, given["content"]))
        )
    except Invalid as error:
        raise error.under("/content") from None


def _misnamed(given: dict[str, Any]) -> Iterator[Problem]:
    for name in given.keys() - _MEMBERS:
        yield Problem(pointer_to((name,)), UNKNOWN_FIELD())
    for name in ("reseller", "type", "uuid"):
        if name not in given:
            yield Problem(f"/{name}", MISSING())
        elif not isinstance(given[name], str):
            yield Problem(f"/{name}", must_be(quote(given[name]), RIGHT_TEXT()))
        elif not given[name].isprintable():  # PostgreSQL would break on a NUL.
            yield Problem(f"/{name}", WITH_UNSEEN())
        elif name == "type" and given[name] not in set(Resource):
            yield Problem("/type", TYPE_UNKNOWN(given=quote(given[name]), allowed=_TYPES))


def _mistaken(given: dict[str, Any]) -> Iterator[Problem]:
    removed = given.get("removed", False)
    if not isinstance(removed, bool):
        yield Problem("/removed", must_be(quote(removed), RIGHT_BOOLEAN()))
    elif removed and "content" in given:
        yield Problem("/content", CONTENT_OF_REMOVED())
    elif not removed and "content" not in given:
        yield Problem("/content", CONTENT_MISSING())
