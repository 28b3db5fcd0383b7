"""What pydantic finds wrong, in our words. They repeat a value only where none can be secret."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.records.problem_text import Place, pointer_to, quote
from reseller_webhooks.core.webhooks.webhook import AUTH_LABELS

# By pydantic's type of error; for others its own words must do.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here; leave it out",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number with fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "string_too_short": "is too short; give at least {min_length} characters",
    "string_too_long": "is too long; give at most {max_length} characters",
    "string_pattern_mismatch": "must be text that matches {pattern}",
    "list_type": "must be a list",
    "frozen_set_type": "must be a list",
    "too_short": "is too short; give at least {min_length}",
    "too_long": "is too long; give at most {max_length}",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "is missing; it says which kind this is",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "value_error": "{error}",
}

# Secrets are texts, so what is wrong with a choice or a number may be shown.
_SHOWN = frozenset(
    {"enum", "literal_error", "int_parsing", "int_from_float", "float_parsing", "bool_parsing"}
    | {"greater_than", "greater_than_equal", "less_than_equal"}
)


def invalid(errors: Iterable[Mapping[str, Any]]) -> Invalid:
    """All that is wrong. errors: as ValidationError.errors() has them."""
    return Invalid(Problem(_pointer(one), _detail(one)) for one in errors)


def _pointer(error: Mapping[str, Any]) -> str:
    last = ("type",) if error["type"].startswith("union_tag") else ()
    return pointer_to((*_steps(error["loc"]), *last))


def _steps(place: Place) -> Iterator[str | int]:
    for before, step in zip((None, *place), place, strict=False):
        # The place names the member of a union that was chosen; the JSON has no such level.
        if before != "auth" or step not in AUTH_LABELS:
            yield step


def _detail(error: Mapping[str, Any]) -> str:
    words = _value(error) + _WORDS.get(error["type"], "is not right: {message}")
    facts = error.get("ctx", {}) | {"message": error["msg"][:1].lower() + error["msg"][1:]}
    for name in ("expected", "expected_tags"):
        facts[name] = str(facts.get(name)).replace("'", "").replace(" or ", ", ")
    return words.format(**facts)


def _value(error: Mapping[str, Any]) -> str:
    if error["type"] == "union_tag_invalid":
        # Not the tag of its context: that is the repr of whatever was given, secrets included.
        return _text(f"{quote(error['input']['type'])} is not known; it ")
    if error["type"] not in _SHOWN or "input" not in error:
        return ""
    return _text(f"{quote(error['input'])} is not allowed; it ")


def _text(value: str) -> str:
    """As `format` leaves it unchanged."""
    return value.replace("{", "{{").replace("}", "}}")
