"""An HTTP exchange: a request, its response, and the limits of both.

The application behind the edge reads and writes by `Exchange.receive` and `Exchange.send`. A
response has to begin in time after the last part of the body; another one is sent otherwise. What
a thread has begun goes on then, and may still commit.
"""

import asyncio
from asyncio import Task, TimerHandle
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar, Token

import structlog
from anyio import CancelScope
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.core.messages.requests import BODY_TOO_LARGE, BODY_TOO_SLOW, TOO_LONG
from reseller_webhooks.http.edge.anonymous_requests import Turn
from reseller_webhooks.http.edge.problems import TooLarge, TooSlow
from reseller_webhooks.http.edge.response_headers import NOT_KEPT
from reseller_webhooks.http.edge.sse import is_event_stream
from reseller_webhooks.http.edge.surface import Surface
from reseller_webhooks.observability.requests import RequestTimer

RESPONSE_WITHIN_S = 9.0
"""Callers are to hear within 10 seconds."""
BODY_WITHIN_S = 60.0
"""A body that never ends would keep its connection for good."""

_current: ContextVar["Exchange | None"] = ContextVar("exchange", default=None)
log = structlog.get_logger()


class Exchange:
    """One exchange.

    turn: its place among others. on_start: completes the message that starts the response.
    surface: what the path belongs to, once that is known. body_bytes_max: of the whole body.
    verify_again: called once the body has arrived. work: to be entered by what responds.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        turn: Turn,
        on_start: Callable[["Exchange", Message], Message],
    ) -> None:
        self._is_head = scope["method"] == "HEAD"
        self.scope = {**scope, "state": dict(scope.get("state", {}))}
        if self._is_head:  # Routes answer GET; the server keeps the body back (RFC 9110, 9.3.2).
            self.scope["method"] = "GET"
        self._receive, self._send = receive, send
        self.turn, self._on_start = turn, on_start
        self.timer = RequestTimer(scope["method"])
        self.surface: Surface | None = None
        self.body_bytes_max = 0
        self.verify_again: Callable[[], Awaitable[object]] | None = None
        self.is_started = False
        self.is_stream = self._body_ended = False
        self._body_bytes = 0
        self.work = CancelScope()
        self._token: Token[Exchange | None] | None = None
        self._deadline: TimerHandle | None = None
        self._body_deadline: TimerHandle | None = None
        self._late: Task[None] | None = None

    def begin(self, surface: Surface) -> None:
        """Begin to limit the time; the surface responds when the application is not in time."""
        self.surface = self.scope["state"]["surface"] = surface
        self._token = _current.set(self)
        self._go_on()

    async def end(self) -> None:
        """End the limits, and the response that was sent instead of the application's."""
        if self._token:
            _current.reset(self._token)
        self.pause()
        self._stop_body_deadline()
        if self._late:
            await self._late

    async def receive(self) -> Message:
        """The next part of the body. TooLarge, NotSignedIn."""
        self.pause()
        self.turn.leave()
        self._start_body_deadline()
        try:
            message = await self._receive()
            await self.turn.begin()
        finally:
            self._go_on()
        await self._check(message)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message of the response on, unless the request was given up."""
        if not self.work.cancel_called:
            await self._pass(message)

    async def respond(self, response: Response) -> None:
        """Send a response."""
        await response(self.scope, self.receive, self.send)

    def pause(self) -> None:
        """Stop the deadline of the response, for example while a receiver is asked."""
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Give up the place and the deadline for something that has limits of its own."""
        self.turn.leave()
        self.pause()
        try:
            yield
        finally:
            self._go_on()
        await self.turn.begin()

    def _go_on(self) -> None:
        if not self.is_started and self._deadline is None and self._late is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(RESPONSE_WITHIN_S, self._give_up_late)

    async def _check(self, message: Message) -> None:
        self._body_bytes += len(message.get("body", b""))
        if self._body_bytes > self.body_bytes_max:
            raise TooLarge(BODY_TOO_LARGE(most=self.body_bytes_max))
        if message.get("more_body", False) or self._body_ended:
            return
        self._body_ended = True
        self._stop_body_deadline()
        if self.verify_again and message["type"] == "http.request":
            await self.verify_again()

    def _start_body_deadline(self) -> None:
        if self._body_deadline is None and not self._body_ended:
            loop = asyncio.get_running_loop()
            self._body_deadline = loop.call_later(BODY_WITHIN_S, self._give_up_slow)

    def _stop_body_deadline(self) -> None:
        if self._body_deadline:
            self._body_deadline.cancel()

    def _give_up_late(self) -> None:
        log.warning("a request took too long", method=self.scope["method"])
        self._give_up(Unavailable(TOO_LONG()))

    def _give_up_slow(self) -> None:
        self._give_up(TooSlow(BODY_TOO_SLOW(seconds=round(BODY_WITHIN_S))))

    def _give_up(self, error: ResellerWebhooksError) -> None:
        self.work.cancel()
        if not self.is_started:
            self._late = asyncio.get_running_loop().create_task(self._respond_late(error))

    async def _respond_late(self, error: ResellerWebhooksError) -> None:
        assert self.surface is not None, "deadlines run while an application does"  # noqa: S101
        response = self.surface.errors.render(error)
        for name, value in NOT_KEPT.items():
            response.headers.setdefault(name, value)
        await response(self.scope, self._receive, self._pass)

    async def _pass(self, message: Message) -> None:
        self.turn.end()
        if message["type"] == "http.response.start":
            self.is_started = True
            self.pause()
            self.is_stream = is_event_stream(message)
            message = self._on_start(self, message)
        if self.is_stream:
            await self._pass_stream(message)
        else:
            await self._send(message)

    async def _pass_stream(self, message: Message) -> None:
        try:
            await self._send(message)
            if self._is_head:  # Its end would never come.
                await self._send({"type": "http.response.body", "body": b""})
                self.work.cancel()
        except (RuntimeError, OSError) as error:
            # The server tells only the last of several requests on a connection that it is closed.
            log.debug("a connection of a live view was closed", reason=str(error))
            self.work.cancel()


async def verified(owner: str) -> None:
    """The current request's credential was verified: it only waits for others of its owner.

    owner: requests of the same owner share a limit; empty if there is no limit.
    """
    exchange = _current.get()
    if exchange is not None:
        await exchange.turn.verify(owner)


@asynccontextmanager
async def queue_left() -> AsyncIterator[None]:
    """Free the place while the current request waits for something that has limits of its own."""
    exchange = _current.get()
    if exchange is None:
        yield
        return
    exchange.turn.leave()
    yield
    await exchange.turn.begin()


@asynccontextmanager
async def waiting_for_peer() -> AsyncIterator[None]:
    """Free the place and pause the deadline; the peer, such as a receiver, has a deadline."""
    exchange = _current.get()
    if exchange is None:
        yield
        return
    async with exchange.waiting():
        yield
