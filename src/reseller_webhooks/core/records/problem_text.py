"""Places and values in the texts of problems."""

import json

from reseller_webhooks.core.text import truncate

Place = tuple[str | int, ...]

LONGEST_BITS = 64
"""Longer whole numbers are not spelt out."""


def pointer_to(place: Place) -> str:
    """The JSON pointer (RFC 6901) to a place within the content, its names shortened."""
    names = (truncate(str(step)).replace("~", "~0").replace("/", "~1") for step in place)
    return _printable("".join(f"/{name}" for name in names))


def quote(value: object) -> str:
    """The value for a message: as JSON, shortened; of a nested value only its kind."""
    match value:
        case dict():
            text = "an object"
        case list():
            text = "a list"
        case str():
            text = _printable(json.dumps(truncate(value), ensure_ascii=False))
        case int() if value.bit_length() > LONGEST_BITS:
            text = f"a number of more than {LONGEST_BITS} bits"
        case bool() | int() | float() | None:
            text = json.dumps(value)
        case _:
            text = f"a {type(value).__name__}"
    return text


def _printable(text: str) -> str:
    # Half a surrogate pair has no UTF-8, so it would break the answer that reports it.
    return text.encode("utf-8", "backslashreplace").decode()
