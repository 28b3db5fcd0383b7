"""Parses content into its shape, or into the full list of its problems."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.messages import Message, MessageCode, plain
from reseller_webhooks.core.messages.changes import (
    MISSING,
    MISSING_MUST_BE,
    MUST_BE,
    OTHER_RECORD,
    RIGHT_BOOLEAN,
    RIGHT_DIFFERENT,
    RIGHT_JSON_NUMBER,
    RIGHT_LIST,
    RIGHT_OBJECT,
    RIGHT_ONE_OF,
    RIGHT_TEXT,
    RIGHT_TEXT_MATCHING,
    RIGHT_TEXT_NOT_EMPTY,
    RIGHT_TEXT_WHOLE,
    RIGHT_WHOLE,
    WRONG_MUST_BE,
)
from reseller_webhooks.core.records.base_models import RecordShape
from reseller_webhooks.core.records.problem_text import pointer_to, quote

# What would be right, by pydantic's type of error; for others its own words must do.
_RIGHT: Mapping[str, MessageCode] = {
    "bool_type": RIGHT_BOOLEAN,
    "dict_type": RIGHT_OBJECT,
    "finite_number": RIGHT_JSON_NUMBER,
    "int_type": RIGHT_WHOLE,
    "list_type": RIGHT_LIST,
    "literal_error": RIGHT_ONE_OF,
    "string_pattern_mismatch": RIGHT_TEXT_MATCHING,
    "string_too_short": RIGHT_TEXT_NOT_EMPTY,
    "string_type": RIGHT_TEXT,
    "string_unicode": RIGHT_TEXT_WHOLE,
}


def parse_content(shape: RecordShape, identity: str | int, content: object) -> dict[str, Any]:
    """The content in shape, with its id and the fields that are always there.

    Raises Invalid with every problem found.
    """
    if not isinstance(content, dict):
        raise Invalid.at("", must_be(quote(content), RIGHT_OBJECT()))
    problems = list(_misnamed(shape, identity, content))
    named = dict.fromkeys(shape.identity, identity)
    try:
        fields = shape.adapter.validate_python({**shape.blank, **content, **named})
    except ValidationError as error:
        problems += (_problem(content, one) for one in error.errors(include_url=False))
    if problems:
        raise Invalid(problems)
    return fields


def _misnamed(
    shape: RecordShape, identity: str | int, content: dict[str, Any]
) -> Iterator[Problem]:
    for name in shape.identity:
        given = content.get(name)
        if given is not None and (given != identity or type(given) is not type(identity)):
            message = OTHER_RECORD(given=quote(given), right=quote(identity))
            yield Problem(pointer_to((name,)), message)


def _problem(content: dict[str, Any], error: ErrorDetails) -> Problem:
    place = error["loc"]
    if error["type"] == "missing":
        return Problem(pointer_to(place), MISSING())
    right = _right(error)
    if len(place) == 1 and place[0] not in content:
        return Problem(pointer_to(place), MISSING_MUST_BE(right=right))
    return Problem(pointer_to(place), must_be(quote(error["input"]), right))


def must_be(given: str, right: Message) -> Message:
    """A value is not allowed, and what would be right."""
    return WRONG_MUST_BE(given=given, rule=MUST_BE(right=right))


def _right(error: ErrorDetails) -> Message:
    facts = error.get("ctx", {})
    if error["type"] == "expected":
        return plain(error["msg"])
    match _RIGHT.get(error["type"], RIGHT_DIFFERENT):
        case code if code is RIGHT_ONE_OF:
            return code(allowed=str(facts["expected"]).replace("'", ""))
        case code if code is RIGHT_TEXT_MATCHING:
            return code(pattern=facts["pattern"])
        case code if code is RIGHT_DIFFERENT:
            return code(why=error["msg"])
        case code:
            return code()
