"""Texts that people tell each other apart by: nothing in them may be invisible."""

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import NAME_LENGTH, WITH_UNSEEN


def check_name(text: str, most: int) -> None:
    """Invalid at /name unless it has 1 to `most` characters that can all be seen."""
    if not 1 <= len(text) <= most:
        raise Invalid.at("/name", NAME_LENGTH(most=most))
    check_seen(text, "/name")


def check_seen(text: str, pointer: str) -> None:
    """Invalid for one that a reader cannot see: it could show a name as if it were another."""
    if not text.isprintable():
        raise Invalid.at(pointer, WITH_UNSEEN())


SEARCH_MAX = 200
"""Characters that are searched for; more are cut off."""
