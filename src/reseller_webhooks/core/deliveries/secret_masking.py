"""Masks what a receiver echoes of a secret that was sent to it, before the log keeps it."""

import html
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus

from reseller_webhooks.core.deliveries.attempts import (
    HEADER_CHARS_KEPT,
    RESPONSE_CHARS_KEPT,
    Attempt,
)

MASK = "********"
SECRET_CHARS_MIN = 4
"""Shorter values occur in texts by chance, and protect nothing."""


def without_secret(attempt: Attempt, secret: str) -> Attempt:
    """The attempt with the secret masked wherever the answer repeats it."""
    if len(secret) < SECRET_CHARS_MIN:
        return attempt
    response = masked(attempt.response, secret, chars_kept=RESPONSE_CHARS_KEPT)
    message = attempt.message
    if message is not None:
        message = message.map_texts(lambda text: masked(text, secret))
    headers = attempt.headers
    if headers is not None:
        headers = {
            name: masked(value, secret, chars_kept=HEADER_CHARS_KEPT)
            for name, value in headers.items()
        }
    if (response, message, headers) == (attempt.response, attempt.message, attempt.headers):
        return attempt
    return attempt._replace(response=response, message=message, headers=headers)


def masked(text: str, secret: str, *, chars_kept: int = 0) -> str:
    """The text without the secret, also as JSON, HTML or a URL writes it.

    chars_kept: a text of this length may have been cut off, and end in the midst of the secret.
    """
    if not text:
        return text
    is_cut = 0 < chars_kept <= len(text)
    for form in _forms(secret):
        if form in text:
            text = text.replace(form, MASK)
        if is_cut:
            text = _without_beginning(text, form)
    return text


def _without_beginning(text: str, form: str) -> str:
    for size in range(min(len(form) - 1, len(text)), SECRET_CHARS_MIN - 1, -1):
        if text.endswith(form[:size]):
            return text[:-size] + MASK
    return text


@lru_cache(maxsize=20_000)
def _forms(secret: str) -> tuple[str, ...]:
    as_json = json.dumps(secret)[1:-1]
    forms = {
        secret,
        as_json,
        as_json.replace("/", "\\/"),
        html.escape(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    return tuple(sorted(forms, key=len, reverse=True))
