"""Limits the size and the duration of request bodies."""

from math import inf

from anyio import CancelScope, current_time
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_webhooks.core.messages.requests import BODY_TOO_LARGE, BODY_TOO_SLOW
from reseller_webhooks.http.edge.problems import TooLarge, TooSlow

BODY_BYTES_MAX = 1024 * 1024
CHANGES_PATH = "/api/v1/changes"
CHANGES_BYTES_MAX = 10 * 1024 * 1024
"""A thousand changes of the size that records usually have, several times over."""
BODY_WITHIN_S = 60.0
"""A body that never ends would keep its connection for good."""


class BodyLimits:
    """Middleware: raises TooLarge for a long body and TooSlow for one that does not end."""

    def __init__(self, app: ASGIApp, within_s: float = BODY_WITHIN_S) -> None:
        self._app, self._within_s = app, within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless its Content-Length is too large already."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = CHANGES_BYTES_MAX if scope["path"] == CHANGES_PATH else BODY_BYTES_MAX
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length[:20]) > limit:
            raise TooLarge(BODY_TOO_LARGE(most=limit))
        await self._app(scope, _read_up_to(limit, _read_within(receive, self._within_s)), send)


def _read_up_to(limit: int, receive: Receive) -> Receive:
    """`receive`, which raises TooLarge beyond `limit` bytes, whatever the announced length."""
    left = limit

    async def receive_counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge(BODY_TOO_LARGE(most=limit))
        return message

    return receive_counted


def _read_within(receive: Receive, within_s: float) -> Receive:
    """`receive`, which raises TooSlow unless the body ends in time. Later messages may wait."""
    until = current_time() + within_s

    async def receive_in_time() -> Message:
        nonlocal until
        message: Message = {}
        with CancelScope(deadline=until):
            message = await receive()
        if not message:
            raise TooSlow(BODY_TOO_SLOW(seconds=round(within_s)))
        if not message.get("more_body", False):
            until = inf
        return message

    return receive_in_time
