"""From what somebody sent to a shape, or to the full list of what is wrong with it."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.resources.shape import LEFT_OUT, RecordShape
from reseller_webhooks.core.resources.words import pointer_to, shown

# What would be right, by pydantic's type of error; for others its own words must do.
_RIGHT = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "expected": "{message}",
    "finite_number": "a number that JSON can carry",
    "int_type": "a whole number",
    "list_type": "a list",
    "literal_error": "one of {allowed}",
    "model_type": "an object",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "text of at least one character",
    "string_type": "text",
    "string_unicode": "text without half of a surrogate pair",
}


def read(model: type[RecordShape], identity: str | int, content: object) -> RecordShape:
    """The content as a shape, with its id and the fields that are always there.

    Raises Invalid with every problem found.
    """
    if not isinstance(content, dict):
        raise Invalid.at("", f"{shown(content)} is not allowed; it must be an object")
    problems = list(_misnamed(model, identity, content))
    try:
        shape = model.model_validate({**content, **dict.fromkeys(model.identity, identity)})
    except ValidationError as error:
        problems += (_problem(model, one) for one in error.errors(include_url=False))
    if problems:
        raise Invalid(problems)
    shape.__pydantic_fields_set__.update(_always_there(model))
    return shape


def _misnamed(
    model: type[RecordShape], identity: str | int, content: dict[str, Any]
) -> Iterator[Problem]:
    for name in model.identity:
        given = content.get(name)
        if given is not None and (given != identity or type(given) is not type(identity)):
            yield Problem(
                pointer_to((name,)),
                f"{shown(given)} names another record; leave it out or make it {shown(identity)}",
            )


@cache
def _always_there(model: type[RecordShape]) -> frozenset[str]:
    return frozenset(
        name for name, field in model.model_fields.items() if LEFT_OUT not in field.metadata
    )


def _problem(model: type[RecordShape], error: ErrorDetails) -> Problem:
    pointer = pointer_to(error["loc"])
    if error["type"] == "missing":
        return Problem(pointer, _missing(model, error["loc"]))
    facts = error.get("ctx", {}) | {"message": error["msg"]}
    facts["allowed"] = str(facts.get("expected")).replace("'", "")
    right = _RIGHT.get(error["type"], "different: {message}").format(**facts)
    return Problem(pointer, f"{shown(error['input'])} is not allowed; it must be {right}")


def _missing(model: type[RecordShape], loc: tuple[str | int, ...]) -> str:
    field = model.model_fields.get(str(loc[0])) if len(loc) == 1 else None
    if field is None or get_origin(field.annotation) is not Literal:
        return "is missing"
    return f"is missing; it must be one of {', '.join(get_args(field.annotation))}"
