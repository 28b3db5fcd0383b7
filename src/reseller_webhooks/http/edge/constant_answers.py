"""Constant responses: made once per process, with an ETag.

Whoever has them already gets 304 (RFC 9110, 13.1.2).
"""

import asyncio
from collections.abc import Callable, Mapping
from hashlib import blake2b

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

ASK_AGAIN = "no-cache"


class Constant:
    """`answer` is a route's endpoint. make: called once, in a thread, for the first request."""

    def __init__(
        self,
        make: Callable[[], bytes],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._make, self._media_type, self._headers = make, media_type, dict(headers or {})
        self._making: asyncio.Task[tuple[bytes, str]] | None = None

    async def answer(self, request: Request) -> Response:
        """The bytes, or that they are the same as before."""
        if self._making is None or self._failed(self._making):
            self._making = asyncio.create_task(run_in_threadpool(self._made))
        body, etag = await asyncio.shield(self._making)
        headers = self._headers | {"etag": etag, "cache-control": ASK_AGAIN}
        if _has(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=self._media_type, headers=headers)

    def _made(self) -> tuple[bytes, str]:
        body = self._make()
        return body, f'"{blake2b(body, digest_size=12).hexdigest()}"'

    @staticmethod
    def _failed(making: "asyncio.Task[tuple[bytes, str]]") -> bool:
        return making.done() and (making.cancelled() or making.exception() is not None)


def _has(if_none_match: str, etag: str) -> bool:
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in {etag, "*"} for tag in tags)
