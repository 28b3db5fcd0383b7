"""Messages in columns: code and parameters as JSON, beside the text that the version before reads.

A row that the version before has written has only the text, which is shown as it is.
"""

from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.messages import Message, from_json, plain
from reseller_webhooks.core.messages.targets import ADDRESS_FORBIDDEN


def stored(message: Message | None) -> str | None:
    """As a column holds it."""
    return None if message is None else message.to_json()


def text_of(message: Message | None) -> str:
    """The column beside it, for the version before."""
    return "" if message is None else str(message)


def read(code: str | None, text: str) -> Message | None:
    """The message of a row that is written once."""
    return (from_json(code) or plain(text)) if text else None


def read_reason(code: str | None, text: str, reason: str | None) -> Message | None:
    """As `read`, of an attempt. reason: of what kind its failure was.

    0.1.0 wrote down which address a name has, which its webhook's owner is not to learn.
    """
    if code is None and reason == Reason.FORBIDDEN_ADDRESS:
        return ADDRESS_FORBIDDEN()
    return read(code, text)


def read_note(code: str | None) -> Message | None:
    """A message that has no text beside it: the version before knows no such column."""
    return from_json(code)


def read_changed(code: str | None, text: str) -> Message | None:
    """The message of a row that the version before may have changed.

    It knows no codes, so it leaves an older code beside the text that it writes.
    """
    found = from_json(code)
    if found is not None and str(found) == text:
        return found
    return plain(text) if text else None
