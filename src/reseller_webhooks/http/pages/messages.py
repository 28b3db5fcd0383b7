"""Messages in the visitor's language."""

from reseller_webhooks.core.messages import Message, MessageCode, render
from reseller_webhooks.http.pages import language


class _VisitorsLanguage:
    """The language of the request that is being answered."""

    def gettext(self, text: str) -> str:
        return language._(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return language.ngettext(one, many, count)

    def number(self, value: float) -> str:
        return language.number(value)

    def advice(self, code: MessageCode) -> str:
        return code.page_advice or code.advice


_LANGUAGE = _VisitorsLanguage()


def phrase(message: Message | None) -> str:
    """The message to go on within a sentence; empty without a message."""
    return render(message, _LANGUAGE).rstrip(".") if message else ""


def sentence(message: Message | None) -> str:
    """The message as a sentence; empty without a message."""
    return language.as_sentence(phrase(message))


def cause(message: Message | None) -> str:
    """The message without its advice, such as "answered 503"; empty without a message."""
    return render(message, _LANGUAGE, brief=True).rstrip(".") if message else ""
