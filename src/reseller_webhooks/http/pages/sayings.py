"""What the program says below its pages, to be said in the visitor's language.

Errors and the log's reasons are written in English where they arise: the API answers them and the
store keeps them. A page finds out which of these sentences one is, and what its values are.
"""

import re
from collections.abc import Sequence
from functools import cache

from reseller_webhooks.http.pages import language, sayings_of_errors, sayings_of_network

_SAID = frozenset({"why", "kind", "time", "minutes", "seconds"})
"""Values that are such sentences themselves; the others are names and numbers."""
_VALUE = re.compile(r"%\((\w+)\)s")


def told(text: str) -> str:
    """The sentence in the visitor's language; as it is when it is none that is known here."""
    if not text:
        return text
    is_source = language.current() == language.SOURCE
    for saying, pattern in _otherwise() if is_source else _patterns():
        if found := pattern.fullmatch(text):
            return language._(saying) % {
                name: _of(name, value) for name, value in found.groupdict().items()
            }
    return language._(text)


def _of(name: str, value: str) -> str:
    return told(value) if name in _SAID else value


def known() -> Sequence[str]:
    """Every sentence that a page says as it arose, with names where its values stand."""
    return (*sayings_of_network.SAYINGS, *sayings_of_errors.SAYINGS)


@cache
def _patterns() -> Sequence[tuple[str, re.Pattern[str]]]:
    return [*_otherwise(), *((saying, _pattern(saying)) for saying in known())]


@cache
def _otherwise() -> Sequence[tuple[str, re.Pattern[str]]]:
    """What is said in other words than it arose, in its own language as well."""
    there = sayings_of_errors.SAID_OTHERWISE.items()
    return [(saying, _pattern(arisen)) for arisen, saying in there]


def _pattern(saying: str) -> re.Pattern[str]:
    parts = _VALUE.split(saying)
    escaped = [re.escape(part.replace("%%", "%")) for part in parts[::2]]
    values = [f"(?P<{name}>.+?)" for name in parts[1::2]]
    made = "".join(text + value for text, value in zip(escaped, [*values, ""], strict=True))
    return re.compile(made, re.DOTALL)
