"""Anonymous requests take turns: few at once, in round-robin by network.

A request is anonymous until the program has verified an API key or session of its own. Whoever
shows one that was verified lately does not queue, so anonymous callers cannot hold them up by
asking for pages. A request occupies its place while it is worked on: not while its body is on the
way, while it waits for other systems, or once its answer begins, so slow clients block nobody.
"""

import asyncio
import re
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from contextvars import ContextVar
from hashlib import blake2b

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_ingress import FairQueue, QueueTimeout, network_of

WAIT_S = 4.0
"""For the first place. Readiness probes are to be answered within 5 seconds."""
VERIFIED_FOR_S = 60.0
"""How long a credential skips the queue. It opens nothing: it is verified each time."""
VERIFIED_MAX = 10_000
SESSION = re.compile(rb"webhooks-session=([^;]+)")

_current: ContextVar["_Turn | None"] = ContextVar("anonymous_request", default=None)


class AnonymousTurns:
    """Middleware. late: makes the answer to a request that waited too long.

    exempt: paths that are answered at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        queue: FairQueue,
        *,
        late: Callable[[QueueTimeout], Response],
        exempt: Collection[str] = (),
    ) -> None:
        self._app, self._queue = app, queue
        self._late, self._exempt = late, frozenset(exempt)
        self._verified: dict[bytes, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on in its turn."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        credential = _credential(scope["headers"])
        if credential and self._verified.get(credential, 0.0) > _now_s():
            with self._queue.preferred():
                await self._app(scope, receive, send)
            return
        network = network_of((scope.get("client") or ("",))[0])
        turn = _Turn(self._queue, network, lambda: self._remember(credential))
        try:
            await turn.begin(WAIT_S)
        except QueueTimeout as error:
            await self._late(error)(scope, receive, send)
            return
        await self._run(turn, scope, receive, send)

    async def _run(self, turn: "_Turn", scope: Scope, receive: Receive, send: Send) -> None:
        async def received() -> Message:
            async with turn.paused():
                return await receive()

        async def sent(message: Message) -> None:
            turn.end()
            await send(message)

        token = _current.set(turn)
        try:
            await self._app(scope, received, sent)
        finally:
            _current.reset(token)
            turn.end()

    def _remember(self, credential: bytes) -> None:
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[credential] = _now_s() + VERIFIED_FOR_S


class _Turn:
    """One request's place in the queue. verified: called when its credential is."""

    def __init__(self, queue: FairQueue, network: str, verified: Callable[[], None]) -> None:
        self._queue, self._network, self._verified = queue, network, verified
        self._loop: AbstractEventLoop = asyncio.get_running_loop()
        self._holds = self._is_over = False

    async def begin(self, within_s: float | None = None) -> None:
        """Wait for a place, unless none is needed any more. QueueTimeout."""
        if self._is_over or self._holds:
            return
        await self._queue.enter(self._network, within_s)
        self._holds = True
        self._leave_if_over()

    def end(self) -> None:
        """Free the place for good."""
        self._is_over = True
        self._leave()

    def verify(self) -> None:
        """It is not anonymous."""
        self._verified()
        self.end()

    def verify_soon(self) -> None:
        """As `verify`, from any thread."""
        self._loop.call_soon_threadsafe(self.verify)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Free the place meanwhile."""
        self._leave()
        yield
        await self.begin()

    def _leave_if_over(self) -> None:
        if self._is_over:  # verified while it waited
            self._leave()

    def _leave(self) -> None:
        if self._holds:
            self._holds = False
            self._queue.leave(self._network)


def verified() -> None:
    """The request's credential was verified: it need not queue. From any thread."""
    turn = _current.get()
    if turn is not None:
        turn.verify_soon()


@asynccontextmanager
async def queue_left() -> AsyncIterator[None]:
    """While the request waits for something that has limits of its own."""
    turn = _current.get()
    if turn is None:
        yield
        return
    async with turn.paused():
        yield


def _credential(headers: list[tuple[bytes, bytes]]) -> bytes:
    """A hash of the API key and the session that are shown, empty if there is none."""
    shown = b""
    for name, value in headers:
        if name == b"authorization":
            shown += b"key " + value
        elif name == b"cookie" and (found := SESSION.search(value)):
            shown += b"session " + found[1]
    return blake2b(shown, digest_size=16).digest() if shown else b""


def _now_s() -> float:
    return asyncio.get_running_loop().time()
