"""From what somebody sent to a shape, or to the full list of what is wrong with it."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.records.base_models import RecordShape
from reseller_webhooks.core.records.problem_text import pointer_to, quote

# What would be right, by pydantic's type of error; for others its own words must do.
_RIGHT = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "expected": "{message}",
    "finite_number": "a number that JSON can carry",
    "int_type": "a whole number",
    "list_type": "a list",
    "literal_error": "one of {allowed}",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "text of at least one character",
    "string_type": "text",
    "string_unicode": "text without half of a surrogate pair",
}


def parse_content(shape: RecordShape, identity: str | int, content: object) -> dict[str, Any]:
    """The content in shape, with its id and the fields that are always there.

    Raises Invalid with every problem found.
    """
    if not isinstance(content, dict):
        raise Invalid.at("", f"{quote(content)} is not allowed; it must be an object")
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
            yield Problem(
                pointer_to((name,)),
                f"{quote(given)} names another record; leave it out or make it {quote(identity)}",
            )


def _problem(content: dict[str, Any], error: ErrorDetails) -> Problem:
    place = error["loc"]
    if error["type"] == "missing":
        return Problem(pointer_to(place), "is missing")
    facts = error.get("ctx", {}) | {"message": error["msg"]}
    facts["allowed"] = str(facts.get("expected")).replace("'", "")
    right = _RIGHT.get(error["type"], "different: {message}").format(**facts)
    is_missing = len(place) == 1 and place[0] not in content
    wrong = "is missing" if is_missing else f"{quote(error['input'])} is not allowed"
    return Problem(pointer_to(place), f"{wrong}; it must be {right}")
