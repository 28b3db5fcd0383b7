"""From JSON text to values, with numbers as they are written."""

import json
from decimal import Decimal
from typing import Any

import orjson

_NOT_OF_NUMBERS = bytes(set(range(256)) - set(b"0123456789.eE+-"))
"""All bytes that no number is written with."""


class WrittenNumber(float):
    """A number with a fraction or an exponent that is written again as it was. text: its JSON."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "WrittenNumber":
        """The number that a JSON text says."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        """As it was written."""
        return self.text


def parse(raw: bytes | str) -> Any:
    """Parse JSON. Raises orjson.JSONDecodeError.

    A whole number of more than 64 bits stays an integer, so that code which cannot store it can
    refuse it. Other numbers that would be written in another way are WrittenNumbers.
    """
    value = orjson.loads(raw)
    text = raw.encode() if isinstance(raw, str) else raw
    try:
        if _digits(orjson.dumps(value)) == _digits(text):
            return value
        return json.loads(raw, parse_float=WrittenNumber, parse_int=_whole)
    except (orjson.JSONEncodeError, RecursionError):
        return value  # deeper than any content may be, so it is refused for that


def dumps(value: Any, option: int | None = None) -> bytes:
    """Compact JSON, numbers as they were written."""
    return orjson.dumps(value, default=_written, option=option)


def exactly(number: float) -> Decimal:
    """The number as it is written, beyond what a float keeps."""
    return Decimal(number.text if isinstance(number, WrittenNumber) else number)


def _digits(text: bytes) -> bytes:
    """Characters of numbers, in strings too: equal if every number is written the same."""
    return text.translate(None, _NOT_OF_NUMBERS)


def _whole(text: str) -> int | WrittenNumber:
    return WrittenNumber(text) if text == "-0" else int(text)


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, WrittenNumber):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON")
