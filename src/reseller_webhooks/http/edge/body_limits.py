"""Limits of the size of request bodies."""

from starlette.datastructures import Headers
from starlette.types import Scope

from reseller_webhooks.core.messages.requests import BODY_TOO_LARGE
from reseller_webhooks.http.edge.problems import TooLarge

BODY_BYTES_MAX = 1024 * 1024
CHANGES_PATH = "/api/v1/changes"
CHANGES_BYTES_MAX = 10 * 1024 * 1024
"""A thousand changes of the size that records usually have, several times over."""


def body_bytes_max(scope: Scope) -> int:
    """The limit of a request's body. TooLarge if its Content-Length is longer."""
    limit = CHANGES_BYTES_MAX if scope["path"] == CHANGES_PATH else BODY_BYTES_MAX
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise TooLarge(BODY_TOO_LARGE(most=limit))
    return limit
