"""Differences of two contents: patches, and names of changed fields."""

from collections.abc import Mapping
from typing import Any

import orjson

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.json_input import WrittenNumber, dumps, exactly
from reseller_webhooks.core.messages.changes import PATCH_TOO_DEEP
from reseller_webhooks.core.records.serialize import DEPTH_MAX


def merge(held: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The content after a JSON merge patch (RFC 7396): null takes a field away.

    Raises Invalid when the patch is nested deeper than any content can be.
    """
    return _merged(held, patch, depth=1)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The sorted top-level names that differ as JSON: 1 is not true, and key order is nothing.

    Numbers are compared by value: 10 is 10.0 and 10.00.
    """
    names = before.keys() ^ after.keys()
    return sorted(
        [*names, *(n for n in before.keys() & after.keys() if _differ(before[n], after[n]))]
    )


def _merged(held: Mapping[str, Any], patch: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > DEPTH_MAX:
        raise Invalid.at("", PATCH_TOO_DEEP(most=DEPTH_MAX))
    merged = dict(held)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            inner = merged.get(name)
            merged[name] = _merged(inner if isinstance(inner, Mapping) else {}, value, depth + 1)
        else:
            merged[name] = value
    return merged


def _differ(one: Any, other: Any) -> bool:
    if type(one) is type(other) and not isinstance(one, dict | list | WrittenNumber):
        return bool(one != other)  # most fields are plain, and most stay as they were
    return _sorted_json(one) != _sorted_json(other) and not _are_equal(one, other)


def _are_equal(one: Any, other: Any) -> bool:
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(_are_equal(one[n], other[n]) for n in one)
        case list(), list():
            pairs = zip(one, other, strict=False)
            return len(one) == len(other) and all(_are_equal(*pair) for pair in pairs)
        case bool(), _:
            return one is other
        case _, bool():
            return False
        case ((int() | float()), (int() | float())):
            return exactly(one) == exactly(other)
    return bool(one == other)


def _sorted_json(value: Any) -> bytes:
    return dumps(value, orjson.OPT_SORT_KEYS)
