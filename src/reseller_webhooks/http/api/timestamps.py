"""Timestamps in the API: parsing and formatting. Inside they are microseconds UTC."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from reseller_webhooks.clock import LAST
from reseller_webhooks.core.errors import BadValue
from reseller_webhooks.core.messages.changes import MUST_BE_TIME, WITHOUT_ZONE

MS_MAX = LAST // 1000

# In a query an offset's + arrives as a space when it was not encoded.
_SPACED_OFFSET = re.compile(r" (\d\d:?\d\d)\Z")


def format_timestamp(micros: int) -> str:
    """ISO 8601 with milliseconds and Z."""
    seconds, rest = divmod(micros, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03d}Z"


def parse_timestamp(given: object) -> int:
    """Microseconds UTC. BadValue when it cannot be read, or does not say in which zone it is."""
    if isinstance(given, str) and re.fullmatch(r"\d{1,15}", given, re.ASCII):
        given = int(given)
    match given:
        case bool():
            raise BadValue(MUST_BE_TIME())
        case int() if 0 <= given <= MS_MAX:
            return given * 1000
        case str():
            return _from_iso(given)
    raise BadValue(MUST_BE_TIME())


def _from_iso(text: str) -> int:
    try:
        at = datetime.fromisoformat(_SPACED_OFFSET.sub(r"+\1", text))
    except ValueError:
        raise BadValue(MUST_BE_TIME()) from None
    if at.tzinfo is None:
        raise BadValue(WITHOUT_ZONE())
    since_1970 = at - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since_1970.days * 86_400 + since_1970.seconds) * 1_000_000 + since_1970.microseconds
    if not 0 <= micros <= LAST:  # An offset may lead beyond what it was written as.
        raise BadValue(MUST_BE_TIME())
    return micros


Shown = Annotated[
    int,
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Given = Annotated[
    int,
    BeforeValidator(parse_timestamp),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": 0, "maximum": MS_MAX},
            ]
        }
    ),
]
