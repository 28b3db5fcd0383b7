"""Messages: a code and its parameters. Texts are rendered where they are read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias, Union

import orjson

Param: TypeAlias = Union[str, int, float, "Message"]
"""A number is a quantity, which each language formats; what only looks like one is a text."""


class Plural(NamedTuple):
    """A text in singular and plural. The parameter `count` decides."""

    one: str
    many: str


class Language(Protocol):
    """The translation of texts into one language, and its format of numbers."""

    def gettext(self, text: str) -> str:
        """The translated text."""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The translated text that fits a count."""

    def number(self, value: float) -> str:
        """The number as this language writes it."""

    def advice(self, code: "MessageCode") -> str:
        """The advice for those who read it, in English."""


@dataclass(frozen=True, slots=True)
class MessageCode:
    """One message that the program can give.

    name: what is stored; it never changes its meaning. text: what happened, in English.
    advice: what to do about it; a brief rendering leaves it out. page_advice: the same for readers
    of pages, who cannot change the program's settings. params: the names in all of them.
    """

    name: str
    text: str | Plural
    advice: str = ""
    page_advice: str = ""
    params: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        texts = self.text if isinstance(self.text, Plural) else (self.text,)
        named = frozenset(
            name for text in (*texts, self.advice, self.page_advice) for name in names_in(text)
        )
        object.__setattr__(self, "params", named)

    def __call__(self, **params: Param) -> "Message":
        """The message with these parameters, which are exactly those of the text."""
        if params.keys() != self.params:
            raise TypeError(f"{self.name} takes {sorted(self.params)}, not {sorted(params)}")
        return Message(self, params)


CODES: dict[str, MessageCode] = {}
"""Every code by its name."""


def define(name: str, text: str | Plural, advice: str = "", page_advice: str = "") -> MessageCode:
    """Add a code to CODES."""
    if name in CODES:
        raise ValueError(f"{name} is defined twice")
    return CODES.setdefault(name, MessageCode(name, text, advice, page_advice))


@dataclass(frozen=True, slots=True)
class Message:
    """A code and the values that its text names."""

    code: MessageCode
    params: Mapping[str, Param]

    def __str__(self) -> str:
        """The text in English, as the API and the logs have it."""
        return render(self, ENGLISH)

    def to_json(self) -> str:
        """As the store keeps it."""
        return orjson.dumps(_plain(self)).decode()

    def map_texts(self, change: Callable[[str], str]) -> "Message":
        """The same message with each textual parameter changed."""
        return Message(
            self.code, {name: _mapped(value, change) for name, value in self.params.items()}
        )


def from_json(text: str | None) -> Message | None:
    """The message; None if there is none, or only a later version knows it."""
    try:
        return _message(orjson.loads(text)) if text else None
    except (ValueError, TypeError, KeyError):
        return None


def render(message: Message, language: Language, *, brief: bool = False) -> str:
    """The message as a text that begins with a small letter and has no full stop.

    brief: only what happened, without advice.
    """
    code = message.code
    text = _text(code, message.params, language)
    if code.advice and not brief:
        text = f"{text}; {language.gettext(language.advice(code))}"
    return text % {
        name: _rendered(value, language, brief) for name, value in message.params.items()
    }


def names_in(text: str) -> Iterator[str]:
    """The names of the parameters in a text such as "port %(port)s does not exist"."""
    for part in text.split("%(")[1:]:
        yield part.partition(")")[0]


class _English:
    def gettext(self, text: str) -> str:
        return text

    def ngettext(self, one: str, many: str, count: int) -> str:
        return one if count == 1 else many

    def number(self, value: float) -> str:
        return f"{value:g}" if isinstance(value, float) else str(value)

    def advice(self, code: MessageCode) -> str:
        return code.advice


ENGLISH: Language = _English()


def _text(code: MessageCode, params: Mapping[str, Param], language: Language) -> str:
    if not isinstance(code.text, Plural):
        return language.gettext(code.text)
    count = params["count"]
    return language.ngettext(*code.text, count if isinstance(count, int) else 0)


def _rendered(value: Param, language: Language, brief: bool) -> str:
    if isinstance(value, Message):
        return render(value, language, brief=brief)
    return value if isinstance(value, str) else language.number(value)


def _mapped(value: Param, change: Callable[[str], str]) -> Param:
    if isinstance(value, Message):
        return value.map_texts(change)
    return change(value) if isinstance(value, str) else value


def _plain(value: Param) -> Any:
    if not isinstance(value, Message):
        return value
    params = {name: _plain(inner) for name, inner in value.params.items()}
    return {"code": value.code.name, "params": params} if params else {"code": value.code.name}


def _message(given: Any) -> Message:
    if not isinstance(given, dict):
        raise TypeError("not a message")
    params = {name: _param(value) for name, value in given.get("params", {}).items()}
    return CODES[given["code"]](**params)


def _param(value: Any) -> Param:
    if isinstance(value, dict):
        return _message(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("not a parameter of a message")
    return value
