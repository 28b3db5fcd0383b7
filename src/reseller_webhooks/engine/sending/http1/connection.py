"""An HTTP/1.1 connection: one request at a time, its response, its deadline.

Bytes after a response would pass for the response to the next request, so a receiver that sends
any loses the connection.
"""

import asyncio
from asyncio import Future, TimerHandle
from typing import Protocol, cast

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.messages.attempts import ANSWER_BEFORE_REQUEST
from reseller_webhooks.engine.sending.http1.errors import (
    ConnectionLost,
    ProtocolError,
    ResponseTimeout,
)
from reseller_webhooks.engine.sending.http1.response import Response, ResponseParser

IDLE_S = 30.0
"""Servers close idle connections after 5 s (Node.js, Apache) to 75 s (nginx). If a request crosses
such a close, the sender repeats it."""


class ConnectionListener(Protocol):
    """Owner of connections."""

    def connection_opened(self, connection: "Http1Connection") -> None:
        """TLS is established."""

    def connection_idle(self, connection: "Http1Connection") -> None:
        """The response is complete and the connection can be reused."""

    def connection_ended(self, connection: "Http1Connection") -> None:
        """The connection takes no more requests."""


class Http1Connection(asyncio.Protocol):
    """A connection to an origin. closed: done once its socket is."""

    def __init__(self, listener: ConnectionListener, origin: str) -> None:
        self.origin = origin
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self.closed: Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._parser = ResponseParser()
        self._waiter: Future[Response] | None = None
        self._fault: Exception | None = None
        self._timer: TimerHandle | None = None
        self._until_s = self._rings_s = 0.0

    async def request(self, request: bytes, until_s: float) -> Response:
        """Send a request and return its response.

        Raises ConnectionLost, ResponseTimeout or ProtocolError. until_s: the deadline on the
        monotonic clock. Once the head of a response has arrived, the response counts, even if its
        body stalls, breaks off or never ends.
        """
        if self._fault is not None or self._transport is None:
            raise self._fault or self._lost()
        waiter: Future[Response] = self._loop.create_future()
        self._waiter = waiter
        self._parser.begin()
        self._set_deadline(until_s)
        self._transport.write(request)
        try:
            return await waiter
        except asyncio.CancelledError:
            if (
                self._waiter is waiter
            ):  # otherwise the response came, and another request may use it
                self.abort()
            raise

    def abort(self, fault: Exception | None = None) -> None:
        """Close at once. A clean TLS shutdown would wait up to 30 s for the receiver."""
        if self._fault is not None:
            return
        self._fault = fault or self._lost()
        if self._transport is not None:
            self._transport.abort()
        self._listener.connection_ended(self)
        self._settle()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is established."""
        self._transport = cast("asyncio.Transport", transport)
        self._listener.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of a response, or unexpected ones."""
        if self._waiter is None:
            self.abort(ProtocolError(ANSWER_BEFORE_REQUEST))
            return
        try:
            self._parser.feed(data)
        except ProtocolError as fault:
            self.abort(fault)
        if self._parser.complete:
            self._finish()

    def eof_received(self) -> None:
        """The receiver sends no more bytes."""
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, by either side."""
        self.abort(self._lost(exc))
        if self._timer is not None:
            self._timer.cancel()
        self._parser.close()
        self.closed.set_result(None)

    def _finish(self) -> None:
        fit = self._parser.keep_alive and self._waiter is not None and not self._waiter.cancelled()
        self._settle()
        if fit:
            self._set_deadline(monotonic_s() + IDLE_S)
            self._listener.connection_idle(self)
        else:
            self.abort()

    def _settle(self) -> None:
        """Give the waiting request its response or its error."""
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        answer = self._parser.response()
        if answer is not None:
            waiter.set_result(answer)
        else:
            waiter.set_exception(self._fault or self._lost())

    def _lost(self, cause: Exception | None = None) -> ConnectionLost:
        lost = ConnectionLost(silent=self._parser.silent)
        lost.__cause__ = cause
        return lost

    def _set_deadline(self, until_s: float) -> None:
        """Set the deadline of the request or of the idle time.

        One timer per request would add 10 % to the cost of sending it. So there is one timer per
        connection, which may fire early and is then restarted.
        """
        self._until_s = until_s
        if self._timer is None or until_s < self._rings_s:
            self._restart_timer()

    def _restart_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_s = self._until_s
        self._timer = self._loop.call_later(self._until_s - monotonic_s(), self._timer_fired)

    def _timer_fired(self) -> None:
        if monotonic_s() < self._until_s:
            self._restart_timer()
        else:
            self.abort(ResponseTimeout())
