"""A ready receiver as an ASGI application: verify, apply, answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reseller_mirror.mirror import TABLES, Mirror
from reseller_mirror.notification import Notification, Rejected
from reseller_mirror.verify import Verifier

BODY_MAX = 1024 * 1024
"""Bytes; a notification has at most a quarter of it."""
TOGETHER = 200
"""Notifications that share a transaction, when so many wait."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
log = logging.getLogger(__name__)


class Receiver:
    """POST to any path: 204 when applied or not newer, 400, 401 or 413 when rejected.

    503 when the database does not take it: the platform sends it again.
    """

    def __init__(self, mirror: Mirror, verifier: Verifier) -> None:
        self._mirror, self._verifier = mirror, verifier
        self._waiting: list[tuple[Notification, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

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
            log.warning("rejected with %d: %s", why.status, why)
            return why.status
        if notification.resource not in TABLES:
            return 204
        try:
            # Answered only once it is committed: a 2xx says that we have it.
            await self._applied(notification)
        except Exception:
            log.exception("the database did not take %s", notification.event)
            return 503
        return 204

    async def _applied(self, notification: Notification) -> bool:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((notification, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        """Commit what waits, together, until nothing waits."""
        while self._waiting:
            some, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                done = await asyncio.to_thread(self._mirror.apply_all, [one for one, _ in some])
            except Exception as error:
                await self._one_by_one(some, error)
                continue
            for (_, future), newer in zip(some, done, strict=True):
                if not future.done():
                    future.set_result(newer)

    async def _one_by_one(
        self, some: list[tuple[Notification, asyncio.Future[bool]]], error: Exception
    ) -> None:
        # One that the database does not take must not hold up its neighbours.
        for one, future in some:
            result: bool | Exception = error
            if len(some) > 1:
                try:
                    result = await asyncio.to_thread(self._mirror.apply, one)
                except Exception as own:
                    result = own
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Rejected("the body is not all there")
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise Rejected("the body is too long", 413)
        if not message.get("more_body"):
            return bytes(body)


async def _answer(send: Send, status: int) -> None:
    headers = [] if status == 204 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
