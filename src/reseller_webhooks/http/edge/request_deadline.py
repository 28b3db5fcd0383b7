"""Request deadline: every request is answered in time.

The deadline runs from the last part of the body until the answer begins. What is still queued then
is taken back; what a thread has begun goes on and may still commit.
"""

import asyncio
from asyncio import Task, TimerHandle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from anyio import CancelScope
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WITHIN_S = 9.0
"""Callers are to hear within 10 seconds."""

_current: ContextVar["_Turn | None"] = ContextVar("request_deadline", default=None)
log = structlog.get_logger()


async def answer_within(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    late: Callable[[], Response],
    within_s: float = WITHIN_S,
) -> None:
    """Run an application; `late` makes the answer when its own has not begun in time."""
    with CancelScope() as work:
        turn = _Turn(scope, receive, send, late=late, within_s=within_s, work=work)
        token = _current.set(turn)
        try:
            await app(scope, turn.receive, turn.send)
        finally:
            _current.reset(token)
            turn.pause()
    await turn.answered()


@contextmanager
def waiting_for_others() -> Iterator[None]:
    """Suspend the deadline while the request waits for a party with its own, such as a receiver."""
    turn = _current.get()
    if turn:
        turn.pause()
    try:
        yield
    finally:
        if turn:
            turn.go_on()


class _Turn:
    """One request."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        late: Callable[[], Response],
        within_s: float,
        work: CancelScope,
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._late, self._within_s, self._work = late, within_s, work
        self._started = False
        self._timer: TimerHandle | None = None
        self._answer: Task[None] | None = None
        self.go_on()

    async def receive(self) -> Message:
        """The next part of the body, for which there are other limits."""
        self.pause()
        try:
            return await self._receive()
        finally:
            self.go_on()

    async def send(self, message: Message) -> None:
        """Pass the answer on, unless another one was given."""
        if self._answer:
            return
        self._started = True
        self.pause()
        await self._send(message)

    def pause(self) -> None:
        """Let the deadline wait."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def go_on(self) -> None:
        """Let it run, from the beginning."""
        if not self._started and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._within_s, self._give_up)

    async def answered(self) -> None:
        """Return when the answer that was given in the application's stead is sent."""
        if self._answer:
            await self._answer

    def _give_up(self) -> None:
        log.warning("a request took too long", method=self._scope["method"])
        answer = self._late()
        self._answer = asyncio.get_running_loop().create_task(self._send_late(answer))
        self._work.cancel()

    async def _send_late(self, answer: Response) -> None:
        await answer(self._scope, self._receive, self._send)
