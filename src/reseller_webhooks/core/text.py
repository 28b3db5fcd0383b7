"""Truncates user input that is quoted in errors."""

SHOWN_MAX = 60
"""Characters of a text in a message: enough to know it by."""


def truncate(text: str) -> str:
    """The text, or its beginning with dots, so that a response does not grow with the request."""
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."
