"""How much of what somebody sent is said back to them."""

SHOWN_MAX = 60
"""Characters of a text in a message: enough to know it by."""


def truncate(text: str) -> str:
    """The text, or its beginning with dots: an answer must not grow with what was asked."""
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."
