"""From values to JSON text, and the refusal of what such text cannot carry."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from math import isfinite
from typing import Any

import orjson

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.json_input import dumps, parse
from reseller_webhooks.core.messages.changes import (
    CONTENT_TOO_DEEP,
    CONTENT_TOO_LONG,
    NAME_NOT_KEPT,
    VALUE_NOT_KEPT,
)
from reseller_webhooks.core.records.problem_text import Place, pointer_to, quote

BYTES_MAX = 256 * 1024
"""Most bytes of a content: every delivery carries it again."""
DEPTH_MAX = 250
"""Objects and lists within each other; orjson writes a few more."""


def serialize(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Serialize fields as compact JSON in their key order, and read it back.

    Raises Invalid unless the text reads back as what was given, which NaN for one does not.
    """
    text, read = _text(given)
    if len(text) > BYTES_MAX:
        raise Invalid.at("", CONTENT_TOO_LONG(bytes=len(text), most=BYTES_MAX))
    fields: dict[str, Any] = read(text)
    if fields != given:
        raise Invalid(_lost(given, ()))
    return text.decode(), fields


def _text(given: dict[str, Any]) -> tuple[bytes, Callable[[bytes], Any]]:
    """The JSON text, and what reads it back: most contents have no WrittenNumber."""
    with suppress(orjson.JSONEncodeError):
        return orjson.dumps(given), orjson.loads
    try:
        return dumps(given), parse
    except orjson.JSONEncodeError:
        raise Invalid(_lost(given, ())) from None


def _lost(value: object, place: Place) -> Iterator[Problem]:
    if len(place) > DEPTH_MAX:
        yield Problem(pointer_to(place), CONTENT_TOO_DEEP(most=DEPTH_MAX))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str) or not _is_json(name):
                yield Problem(pointer_to(place), NAME_NOT_KEPT(name=quote(name)))
            yield from _lost(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _lost(inner, (*place, index))
    elif not _is_json(value):
        yield Problem(pointer_to(place), VALUE_NOT_KEPT(given=quote(value)))


def _is_json(value: object) -> bool:
    match value:
        case bool() | None:
            return True
        case int():
            return -(2**63) <= value < 2**64
        case float():
            return isfinite(value)
        case str():
            return value.isascii() or value == value.encode("utf-8", "replace").decode()
    return False
