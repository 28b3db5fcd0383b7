"""Languages of pages: which exist, the visitor's choice, and translations.

English is what the sources are written in. Another language is a file of GNU gettext,
locale/LANGUAGE/LC_MESSAGES/messages.po, which is read as it is when it is first asked for.
"""

import io
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from babel import negotiate_locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_group_symbol
from starlette.datastructures import Headers
from starlette.types import Scope

LOCALE = Path(__file__).parent / "locale"
SOURCE = "en"
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""The name of each language in itself."""
COOKIE = "webhooks-language"
_current: ContextVar[str] = ContextVar("language", default=SOURCE)

_UNITS = ("B", "kB", "MB", "GB", "TB")


def _(text: str) -> str:
    """The text in the language of the request; in English when it is not translated."""
    return catalogue(_current.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The text that fits a count."""
    return catalogue(_current.get()).ngettext(one, many, count)


def number(count: float) -> str:
    """A count with what parts its thousands: 12,345 or 12.345."""
    return format_decimal(count, locale=_current.get())


def without_grouping(text: str) -> str:
    """A number as typed, such as 12,345 or 12.345, without the marks between its thousands.

    A text whose marks stand elsewhere, or are those of another language, stays as it is.
    """
    marks = f"[{re.escape(get_group_symbol(_current.get()))} \u00a0\u202f']"
    grouped = re.fullmatch(rf"[0-9]{{1,3}}({marks}[0-9]{{3}})+", text)
    return re.sub(marks, "", text) if grouped else text


def data_size(count: int) -> str:
    """A number of bytes in the largest unit that it fills, such as "1.1 TB"."""
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return (
        f"{format_decimal(count / 1000**power, '#,##0.#', locale=_current.get())} {_UNITS[power]}"
    )


def as_sentence(text: str) -> str:
    """The text with a capital letter and one full stop; an empty text stays empty."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def day(moment: date) -> str:
    """A date with its month in a word: 31 Jan 2026 or 31. Jan. 2026."""
    # The letters of Unicode TR 35; German puts a dot behind the day.
    return format_date(moment, _("d MMM y"), _current.get())


def N_(text: str) -> str:  # noqa: N802 - as gettext's users know it
    """Mark a text of a table, which is translated where it is used."""
    return text


def current() -> str:
    """The language of the request."""
    return _current.get()


def use(language: str) -> None:
    """Speak it for the rest of the request."""
    _current.set(language if language in LANGUAGES else SOURCE)


def use_language_of(scope: Scope) -> None:
    """Speak the language of the visitor for the rest of the request."""
    use(chosen(Headers(scope=scope)))


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of a language."""
    path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def chosen(headers: Headers) -> str:
    """The language that a cookie names, else the browser's preferred one."""
    named = _cookie(headers.get("cookie", ""))
    return named if named in LANGUAGES else _negotiated(headers.get("accept-language", ""))


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _negotiated(header: str) -> str:
    """By weight (RFC 9110, 12.5.4); the sequence decides between equal ones."""
    weighted = [_weighed(part) for part in header[:1_000].split(",")]
    wanted = [tag for weight, tag in sorted(weighted, key=lambda one: -one[0]) if weight > 0]
    return negotiate_locale(wanted, list(LANGUAGES), sep="-") or SOURCE


def _weighed(part: str) -> tuple[float, str]:
    tag, _sep, weight = part.strip().partition(";q=")
    try:
        return (float(weight) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag
