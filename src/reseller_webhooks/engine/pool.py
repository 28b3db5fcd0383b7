"""Connections that stay open between notifications. Owns how many, how long, and which are reused.

Names with an underscore are aiohttp's own: nothing public says whether a connection is reused and
when it comes back. tests/engine/test_sender.py notices when a new aiohttp changes them.
"""

import ssl
from asyncio import AbstractEventLoop, BaseTransport
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import StreamReader, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.engine.guard import Guard

IDLE_S = 30.0
"""Servers close what is idle after 5 s (Node.js, Apache) to 75 s (nginx). When it is they who do,
we see it; when both talk at once, the sender tries again."""
INTERIM_MAX = 16
"""1xx answers before the real one. Nobody needs more than a few; without end they burn our CPU."""
OK = 200


class Reached(Enum):
    """How far the task's latest request has come."""

    NOTHING = 0
    FRESH = 1
    """Connected, for this request."""
    REUSED = 2
    """On a connection that an earlier request had used."""


_reached: ContextVar[Reached] = ContextVar("reached", default=Reached.NOTHING)
_fresh_only: ContextVar[bool] = ContextVar("fresh_only", default=False)


class Pool(TCPConnector):
    """The guard's connections, kept for the next notification to the same host.

    kept: how many may be open, in use or idle, before one that comes back is closed. Without it
        ten thousand hosts would be ten thousand idle connections.
    open_count: connections open now.
    """

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext, kept: int) -> None:
        super().__init__(
            resolver=guard,
            socket_factory=guard.open_socket,
            ssl=tls,
            limit=0,  # the sender counts, so that waiting for a turn is outside the deadline
            use_dns_cache=False,  # the guard's own cache has the vetted addresses
            keepalive_timeout=IDLE_S,
        )
        self._factory = partial(_Ear, self, loop=self._loop)  # type: ignore[assignment]
        self._kept = kept
        self.open_count = 0

    async def _get(self, *args: Any, **kwargs: Any) -> Connection | None:
        kept = None if _fresh_only.get() else await super()._get(*args, **kwargs)
        _reached.set(Reached.NOTHING if kept is None else Reached.REUSED)
        return kept

    async def _create_connection(self, *args: Any, **kwargs: Any) -> ResponseHandler:
        created = await super()._create_connection(*args, **kwargs)
        _reached.set(Reached.FRESH)
        return created

    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        ends = should_close or protocol.should_close or self.open_count > self._kept
        if ends:
            protocol.abort()  # a polite end of TLS would wait 30 s for a receiver that is not
        super()._release(key, protocol, should_close=ends)


class _Ear(ResponseHandler):
    """One connection's reading end. It hears one answer to each request and then nothing more.

    What comes unasked would pass for the answer to the next request, and is kept without limit.
    """

    def __init__(self, pool: Pool, loop: AbstractEventLoop) -> None:
        super().__init__(loop)
        self._pool = pool
        self._left = 0

    def connection_made(self, transport: BaseTransport) -> None:
        self._pool.open_count += 1
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._pool.open_count -= 1
        super().connection_lost(exc)

    def set_response_params(self, **given: Any) -> None:
        """What aiohttp calls before each request."""
        self._left = INTERIM_MAX
        super().set_response_params(**given)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """What aiohttp calls with each head of an answer."""
        if self._left > 0:
            self._left = self._left - 1 if data[0].code < OK else 0
            super().feed_data(data, size)
        elif self.transport is not None:
            self.set_exception(HttpProcessingError(message="more answers than requests"))
            self.transport.abort()


def reached() -> Reached:
    """How far this task's latest request has come."""
    return _reached.get()


@contextmanager
def fresh_connections() -> Iterator[None]:
    """Requests in this block open connections of their own."""
    before = _fresh_only.set(True)
    try:
        yield
    finally:
        _fresh_only.reset(before)


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, always verified, by the system's authorities and those in the file.

    Refused when the file is not there or holds no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        _trust(context, ca_file)
    return context


def _trust(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"RESELLER_WEBHOOKS_CA_FILE names {str(ca_file)!r}, which cannot be used: "
            f"{error.strerror or error}; it should be a PEM file of certificates"
        ) from None
