"""A ready receiver as an ASGI application: verify, apply, answer."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reseller_mirror.mirror import TABLES, Mirror
from reseller_mirror.notification import Rejected
from reseller_mirror.verify import Verifier

BODY_MAX = 1024 * 1024
"""Bytes; a notification has at most a quarter of it."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Receiver:
    """POST to any path: 204 when applied or not newer, 400, 401 or 413 when rejected."""

    def __init__(self, mirror: Mirror, verifier: Verifier) -> None:
        self._mirror, self._verifier = mirror, verifier

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            await _answer(send, await self._status(scope, receive))

    async def _status(self, scope: Message, receive: Receive) -> int:
        if scope["method"] != "POST":
            return 405
        try:
            body = await _body(receive)
            headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]}
            notification = self._verifier.verify(headers, body)
        except Rejected as why:
            return why.status
        if notification.resource in TABLES:
            # Answered only once it is committed: a 2xx says that we have it.
            await asyncio.to_thread(self._mirror.apply, notification)
        return 204


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > BODY_MAX:
            raise Rejected("the body is too long", 413)
        if not message.get("more_body"):
            return body


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
