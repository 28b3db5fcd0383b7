"""Anonymous requests take turns: few at once, in round-robin by network.

A request is anonymous until the program has verified its API key or session. A request whose
credential was verified recently does not queue, so anonymous callers cannot delay it by asking for
pages. A request occupies its place while it is worked on: not while its body is on the
way, while it waits for other systems, or once its answer begins, so slow clients block nobody.

Requests of one reseller, by its keys and by its people, take turns in the same way among
themselves, so that a reseller that reads all the time leaves the others their turns.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from hashlib import blake2b

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reseller_ingress import FairQueue, QueueTimeout, network_of

WAIT_S = 4.0
"""For the first place. Readiness probes are to be answered within 5 seconds."""
VERIFIED_FOR_S = 60.0
"""Time for which a credential skips the queue. It grants nothing: it is verified each time."""
VERIFIED_MAX = 10_000
SESSION = re.compile(rb"webhooks-session=([^;]+)")

Late = Callable[[FairQueue, QueueTimeout], Response]

_current: ContextVar["_Turn | None"] = ContextVar("anonymous_request", default=None)


class AnonymousTurns:
    """Middleware. late, verified_late: make the answer to a request that waited too long.

    verified_queue: of requests whose credential is verified, by its owner.
    exempt: paths that are answered at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        queue: FairQueue,
        verified_queue: FairQueue,
        *,
        late: Late,
        verified_late: Late,
        exempt: Collection[str] = (),
    ) -> None:
        self._app, self._queue, self._verified_queue = app, queue, verified_queue
        self._late, self._verified_late = late, verified_late
        self._exempt = frozenset(exempt)
        self._verified: dict[bytes, tuple[float, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on in its turn."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        credential = _credential(scope["headers"])
        until, owner = self._verified.get(credential, (0.0, ""))
        if until > _now_s():
            queue, caller = self._verified_queue, owner
        else:
            queue, caller = self._queue, network_of((scope.get("client") or ("",))[0])
        turn = _Turn(queue, caller, self._verified_queue, partial(self._remember, credential))
        await self._take(turn, scope, receive, send)

    async def _take(self, turn: "_Turn", scope: Scope, receive: Receive, send: Send) -> None:
        queue, is_verified = turn.queue, turn.queue is self._verified_queue
        try:
            await turn.begin(WAIT_S)
        except QueueTimeout as error:
            late = self._verified_late if is_verified else self._late
            await late(queue, error)(scope, receive, send)
            return
        with self._queue.preferred() if is_verified else nullcontext():
            await self._run(turn, scope, receive, send)

    async def _run(self, turn: "_Turn", scope: Scope, receive: Receive, send: Send) -> None:
        async def received() -> Message:
            turn.leave()
            message = await receive()
            await turn.begin()
            return message

        async def sent(message: Message) -> None:
            turn.end()
            await send(message)

        token = _current.set(turn)
        try:
            await self._app(scope, received, sent)
        finally:
            _current.reset(token)
            turn.end()

    def _remember(self, credential: bytes, owner: str) -> None:
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[credential] = _now_s() + VERIFIED_FOR_S, owner


class _Turn:
    """One request's place in a queue. remember: called with the owner of its credential.

    caller: the network or owner that it counts for; empty if it needs no place.
    """

    def __init__(
        self,
        queue: FairQueue,
        caller: str,
        verified_queue: FairQueue,
        remember: Callable[[str], None],
    ) -> None:
        self.queue, self._caller = queue, caller
        self._verified_queue, self._remember = verified_queue, remember
        self._holds, self._is_over = False, caller == ""

    async def begin(self, within_s: float | None = None) -> None:
        """Wait for a place, unless the request needs none. QueueTimeout."""
        if self._is_over or self._holds:
            return
        await self.queue.enter(self._caller, within_s)
        self._holds = True
        self._leave_if_over()

    def end(self) -> None:
        """Free the place for good."""
        self._is_over = True
        self.leave()

    async def verify(self, owner: str) -> None:
        """It is not anonymous: leave that queue for the owner's."""
        self._remember(owner)
        if self.queue is self._verified_queue:
            return
        self.leave()
        self.queue, self._caller = self._verified_queue, owner
        self._is_over = self._is_over or not owner
        await self.begin()

    def leave(self) -> None:
        """Free the place until `begin`."""
        if self._holds:
            self._holds = False
            self.queue.leave(self._caller)

    def _leave_if_over(self) -> None:
        if self._is_over:  # it ended while it waited
            self.leave()


async def verified(owner: str) -> None:
    """The request's credential was verified: it only waits for other requests of its owner.

    owner: requests of the same owner share a limit; empty if there is no limit.
    """
    turn = _current.get()
    if turn is not None:
        await turn.verify(owner)


@asynccontextmanager
async def queue_left() -> AsyncIterator[None]:
    """Free the place while the request waits for something that has limits of its own."""
    turn = _current.get()
    if turn is None:
        yield
        return
    turn.leave()
    yield
    await turn.begin()


def _credential(headers: list[tuple[bytes, bytes]]) -> bytes:
    """A hash of the request's API key and session, empty if it has neither."""
    shown = b""
    for name, value in headers:
        if name == b"authorization":
            shown += b"key " + value
        elif name == b"cookie" and (found := SESSION.search(value)):
            shown += b"session " + found[1]
    return blake2b(shown, digest_size=16).digest() if shown else b""


def _now_s() -> float:
    return asyncio.get_running_loop().time()
