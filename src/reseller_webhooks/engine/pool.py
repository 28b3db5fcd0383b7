"""Connections that stay open between notifications. Owns how many, how long, and which are reused.

Names with an underscore are aiohttp's own: nothing public says whether a connection is reused and
when it comes back. tests/engine/test_sender.py notices when a new aiohttp changes them.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any
from weakref import WeakSet

from aiohttp import StreamReader, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.engine.guard import Guard

IDLE_S = 30.0
"""Under the 60 s and more after which common servers close what is idle, so we close first."""


class Reached(Enum):
    """How far the task's latest request has come."""

    NOTHING = 0
    FRESH = 1
    """Connected, for this request."""
    REUSED = 2
    """On a connection that an earlier request had used."""


INTERIM_MAX = 16
"""1xx answers before the real one. Nobody needs more than a few; without end they burn our CPU."""
OK = 200

_reached: ContextVar[Reached] = ContextVar("reached", default=Reached.NOTHING)
_fresh_only: ContextVar[bool] = ContextVar("fresh_only", default=False)


class Pool(TCPConnector):
    """The guard's connections, kept for the next notification to the same host.

    kept: sockets open at most, in use or idle, before one that comes back is closed instead of
    kept. Without it ten thousand hosts would be ten thousand idle sockets.
    """

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext, kept: int) -> None:
        super().__init__(
            resolver=guard,
            socket_factory=self._open_socket,
            ssl=tls,
            limit=0,  # the sender counts, so that waiting for a turn is outside the deadline
            use_dns_cache=False,  # the guard's own cache has the vetted addresses
            keepalive_timeout=IDLE_S,
        )
        self._factory = partial(_Ear, loop=self._loop)  # type: ignore[assignment]
        self._guard = guard
        self._kept = kept
        self._sockets: WeakSet[socket] = WeakSet()

    @property
    def open_count(self) -> int:
        """Sockets open now, in use or idle."""
        return len(self._sockets)

    def _open_socket(self, to: AddrInfoType) -> socket:
        opened = self._guard.open_socket(to)
        self._sockets.add(opened)
        return opened

    async def _get(self, *args: Any, **kwargs: Any) -> Connection | None:
        kept = None if _fresh_only.get() else await super()._get(*args, **kwargs)
        while kept is not None and _spoke_unasked(kept):
            kept.close()
            kept = await super()._get(*args, **kwargs)
        _reached.set(Reached.NOTHING if kept is None else Reached.REUSED)
        return kept

    async def _create_connection(self, *args: Any, **kwargs: Any) -> ResponseHandler:
        created = await super()._create_connection(*args, **kwargs)
        _reached.set(Reached.FRESH)
        return created

    def _release(self, *args: Any, should_close: bool = False) -> None:
        super()._release(*args, should_close=should_close or self.open_count > self._kept)


class _Ear(ResponseHandler):
    """One connection's reading end, which does not listen to announcements for ever."""

    _announced = 0

    def set_response_params(self, **given: Any) -> None:
        self._announced = 0
        super().set_response_params(**given)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        self._announced += data[0].code < OK
        if self._announced <= INTERIM_MAX:
            super().feed_data(data, size)
        elif self.transport is not None:
            self.set_exception(HttpProcessingError(message=f"over {INTERIM_MAX} interim answers"))
            self.transport.abort()


def _spoke_unasked(kept: Connection) -> bool:
    """Whether something came while the connection was idle: it would pass for our answer."""
    return kept.protocol is None or kept.protocol.should_close


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
