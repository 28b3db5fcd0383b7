"""From JSON text to values, with whole numbers as they are written."""

import json
import re
from typing import Any

import orjson

# 2**64, the first that orjson makes a float of, has 20 digits, and -2**63 - 1 has 19.
_LONG = re.compile(rb"[0-9]{19}")


def parse(raw: bytes) -> Any:
    """Parse JSON. Raises orjson.JSONDecodeError.

    A whole number of more than 64 bits stays an integer, so that code which cannot store it can
    refuse it.
    """
    value = orjson.loads(raw)
    if not _LONG.search(raw):
        return value
    try:
        return json.loads(raw)
    except RecursionError:  # Deeper than any content may be, so it is refused for that.
        return value
