"""A notification's JSON for a page: indented, with changed parts marked."""

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from markupsafe import Markup, escape

from reseller_webhooks.core.json_input import WrittenNumber, parse
from reseller_webhooks.http.pages.labels.changed_fields import CONTENT, Name

STEP = "  "


def highlight(body: str, changed: Iterable[Name] = ()) -> Markup:
    """The keys stay in the sequence they were sent in. changed: names of fields of its content."""
    marked = {(*CONTENT, *name) for name in changed}
    return Markup("").join(_value(parse(body), (), "\n", marked))


def _value(value: Any, name: Name, end: str, marked: Set[Name]) -> Iterator[str]:
    """A value in lines. end: the line's end and the next line's indentation."""
    if isinstance(value, dict) and value:
        members = [(key, _text(key) + ": ", inner) for key, inner in value.items()]
        yield from _within("{}", members, name, end, marked)
    elif isinstance(value, list) and value:
        items = [(str(number), "", inner) for number, inner in enumerate(value, 1)]
        yield from _within("[]", items, name, end, marked)
    else:
        yield _text(value)


def _within(
    brackets: str,
    members: Sequence[tuple[str, str, Any]],
    name: Name,
    end: str,
    marked: Set[Name],
) -> Iterator[str]:
    yield brackets[0]
    for place, (key, label, inner) in enumerate(members):
        yield f",{end}{STEP}" if place else f"{end}{STEP}"
        whole = (*name, key)
        told = Markup("").join([label, *_value(inner, whole, end + STEP, marked)])
        yield Markup("<mark>{}</mark>").format(told) if whole in marked else told
    yield f"{end}{brackets[1]}"


def _text(value: Any) -> Markup:
    if isinstance(value, WrittenNumber):
        return escape(value.text)
    return escape(json.dumps(value, ensure_ascii=False))
