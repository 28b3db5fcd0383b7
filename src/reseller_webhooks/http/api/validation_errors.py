"""Pydantic's errors as messages, which quote input only where it cannot be secret."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from reseller_webhooks.core.errors import BadValue, Invalid, Problem
from reseller_webhooks.core.messages import Message, MessageCode, Param, plain
from reseller_webhooks.core.messages.changes import (
    KIND_MISSING,
    KIND_UNKNOWN,
    MISSING,
    MUST_BE,
    NOT_RIGHT,
    RIGHT_AT_LEAST,
    RIGHT_AT_MOST,
    RIGHT_BOOLEAN,
    RIGHT_FINITE,
    RIGHT_LIST,
    RIGHT_MORE_THAN,
    RIGHT_NUMBER,
    RIGHT_OBJECT,
    RIGHT_ONE_OF,
    RIGHT_TEXT,
    RIGHT_TEXT_MATCHING,
    RIGHT_WHOLE,
    RIGHT_WHOLE_SHORTER,
    TOO_FEW,
    TOO_LONG_FOR,
    TOO_MANY,
    TOO_SHORT_TEXT,
    UNKNOWN_FIELD,
    WRONG_MUST_BE,
)
from reseller_webhooks.core.records.problem_text import Place, pointer_to, quote
from reseller_webhooks.core.webhooks.webhook import AUTH_LABELS

_Facts = Mapping[str, Any]
_RULES: Mapping[str, Callable[[_Facts], Message]] = {
    "missing": lambda _: MISSING(),
    "extra_forbidden": lambda _: UNKNOWN_FIELD(),
    "bool_type": lambda _: _must_be(RIGHT_BOOLEAN),
    "bool_parsing": lambda _: _must_be(RIGHT_BOOLEAN),
    "int_type": lambda _: _must_be(RIGHT_WHOLE),
    "int_parsing": lambda _: _must_be(RIGHT_WHOLE),
    "int_parsing_size": lambda _: _must_be(RIGHT_WHOLE_SHORTER),
    "int_from_float": lambda _: _must_be(RIGHT_WHOLE),
    "float_type": lambda _: _must_be(RIGHT_NUMBER),
    "float_parsing": lambda _: _must_be(RIGHT_NUMBER),
    "finite_number": lambda _: _must_be(RIGHT_FINITE),
    "string_type": lambda _: _must_be(RIGHT_TEXT),
    "string_too_short": lambda facts: TOO_SHORT_TEXT(least=facts["min_length"]),
    "string_too_long": lambda facts: TOO_LONG_FOR(most=facts["max_length"]),
    "string_pattern_mismatch": lambda facts: _must_be(
        RIGHT_TEXT_MATCHING, pattern=facts["pattern"]
    ),
    "list_type": lambda _: _must_be(RIGHT_LIST),
    "frozen_set_type": lambda _: _must_be(RIGHT_LIST),
    "too_short": lambda facts: TOO_FEW(least=facts["min_length"]),
    "too_long": lambda facts: TOO_MANY(most=facts["max_length"]),
    "model_type": lambda _: _must_be(RIGHT_OBJECT),
    "dict_type": lambda _: _must_be(RIGHT_OBJECT),
    "literal_error": lambda facts: _must_be(RIGHT_ONE_OF, allowed=_choices(facts["expected"])),
    "enum": lambda facts: _must_be(RIGHT_ONE_OF, allowed=_choices(facts["expected"])),
    "union_tag_invalid": lambda facts: _must_be(
        RIGHT_ONE_OF, allowed=_choices(facts["expected_tags"])
    ),
    "union_tag_not_found": lambda _: KIND_MISSING(),
    "greater_than": lambda facts: _must_be(RIGHT_MORE_THAN, least=facts["gt"]),
    "greater_than_equal": lambda facts: _must_be(RIGHT_AT_LEAST, least=facts["ge"]),
    "less_than_equal": lambda facts: _must_be(RIGHT_AT_MOST, most=facts["le"]),
}
"""By pydantic's type of error and the facts of its `ctx`; others are quoted."""

# Secrets are texts, so what is wrong with a choice or a number may be shown.
_SHOWN = frozenset(
    {"enum", "literal_error", "int_parsing", "int_from_float", "float_parsing", "bool_parsing"}
    | {"greater_than", "greater_than_equal", "less_than_equal"}
)


def invalid(errors: Iterable[Mapping[str, Any]]) -> Invalid:
    """All that is wrong. errors: as ValidationError.errors() has them."""
    return Invalid(Problem(_pointer(one), _message(one)) for one in errors)


def _pointer(error: Mapping[str, Any]) -> str:
    last = ("type",) if error["type"].startswith("union_tag") else ()
    return pointer_to((*_steps(error["loc"]), *last))


def _steps(place: Place) -> Iterator[str | int]:
    for before, step in zip((None, *place), place, strict=False):
        # The place names the member of a union that was chosen; the JSON has no such level.
        if before != "auth" or step not in AUTH_LABELS:
            yield step


def _message(error: Mapping[str, Any]) -> Message:
    rule = _rule(error)
    if error["type"] == "union_tag_invalid":
        # Not the tag of its context: that is the repr of whatever was given, secrets included.
        return KIND_UNKNOWN(given=quote(error["input"]["type"]), rule=rule)
    if error["type"] not in _SHOWN or "input" not in error:
        return rule
    return WRONG_MUST_BE(given=quote(error["input"]), rule=rule)


def _rule(error: Mapping[str, Any]) -> Message:
    facts = error.get("ctx", {})
    if isinstance(facts.get("error"), BadValue):
        bad: BadValue = facts["error"]
        return bad.message
    if error["type"] in _RULES:
        return _RULES[error["type"]](facts)
    if error["type"] == "value_error":
        return plain(str(facts["error"]))
    return NOT_RIGHT(why=error["msg"][:1].lower() + error["msg"][1:])


def _must_be(right: MessageCode, **params: Param) -> Message:
    return MUST_BE(right=right(**params))


def _choices(quoted: str) -> str:
    """Pydantic's list of choices, without its quotes and its "or"."""
    return quoted.replace("'", "").replace(" or ", ", ")
