"""Changed fields of a record, in words for people who are not programmers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.json_input import parse
from reseller_webhooks.http.pages.language import _

SHOWN_MAX = 40
CHARS_MAX = 300
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[A-Z]{4,}")
"""ACTIVE and PENDING_USER_ACTIVATION, but neither USD nor US."""
_INITIALS = {"id": "ID", "uuid": "UUID", "url": "URL", "vat": "VAT", "sms": "SMS", "erp": "ERP"}
_MS_MIN, _MS_MAX = 10**12, 10**13
"""Epoch milliseconds of the years 2001 to 2286."""

Plain = str | int | float | bool | None
Name = tuple[str, ...]
"""The keys that lead to a field; of a list's items their numbers, from 1 on."""
CONTENT: Name = ("resource", "content")
"""The path of the content in a notification's body."""


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a field. at: microseconds UTC when it is a time. text: empty for no value."""

    text: str
    at: Micros | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs; before or now is None where the field is missing.

    field: its name in words.
    """

    name: Name
    field: str
    before: Value | None
    now: Value | None


def between(before: str, now: str) -> list[FieldChange]:
    """Differences between the contents of two notifications, in the sequence of fields."""
    old, new = _fields(before), _fields(now)
    names = [*new, *(name for name in old if name not in new)]
    return [
        FieldChange(name, _label(name), _value(name, old), _value(name, new))
        for name in names
        if _told(old, name) != _told(new, name)
    ]


def _fields(body: str) -> dict[Name, Plain]:
    content = parse(body)["resource"].get("content") or {}
    return dict(_flat((), content))


def _flat(name: Name, value: Any) -> Iterator[tuple[Name, Plain]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat((*name, key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat((*name, str(number)), inner)
    else:
        yield name, value


def _told(fields: Mapping[Name, Plain], name: Name) -> object:
    """Values to compare: 1 is not true, but a missing field equals null for the reader."""
    value = fields.get(name)
    return (type(value), value)


def _label(name: Name) -> str:
    return ", ".join(_said(part) for part in name)


def _said(name: str) -> str:
    words = [_INITIALS.get(word.lower(), word.lower()) for word in _WORDS.findall(name)]
    told = " ".join(words) or name
    return told[:1].upper() + told[1:]


def _value(name: Name, fields: Mapping[Name, Plain]) -> Value | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool):
        return Value(_("Yes") if value else _("No"))
    if isinstance(value, int) and _MS_MIN <= value < _MS_MAX and _is_time(name[-1]):
        return Value(str(value), at=value * 1000)
    text = str(value)
    if _CONSTANT.fullmatch(text):
        text = _(text.replace("_", " ").capitalize())
    return Value(text if len(text) <= CHARS_MAX else text[:CHARS_MAX] + "…")


def _is_time(name: str) -> bool:
    return name.lower().endswith(("date", "time", "timestamp", "on", "at", "start", "end"))
