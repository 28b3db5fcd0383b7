"""Anonymous requests take turns: few at once, in round-robin by network.

A request is anonymous until the program has verified its API key or session. A request whose
credential was verified recently does not queue, so anonymous callers cannot delay it by asking for
pages. A request occupies its place while it is worked on: not while its body is on the
way, while it waits for other systems, or once its answer begins, so slow clients block nobody.

Requests of one reseller, by its keys and by its people, take turns in the same way among
themselves, so that a reseller that reads all the time leaves the others their turns. While a
request of a reseller is worked on, anonymous requests that queue begin a moment later, and while
one of the platform is, so do those of resellers.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from hashlib import blake2b

from starlette.types import Scope

from reseller_ingress import FairQueue, QueueTimeout, network_of
from reseller_webhooks.http.edge.anonymous_limits import (
    ALWAYS_ANSWERED,
    too_late,
    too_late_of_reseller,
)

WAIT_S = 4.0
"""For the first place. Readiness probes are to be answered within 5 seconds."""
YIELD_TO_PLATFORM_S = 0.02
"""Seconds for which queued requests of resellers wait for requests of the platform at most."""
VERIFIED_FOR_S = 60.0
"""Time for which a credential skips the queue. It grants nothing: it is verified each time."""
VERIFIED_MAX = 10_000
SESSION = re.compile(rb"webhooks-session=([^;]+)")


class Turns:
    """Gives each request its turn. verified_queue: of requests with a verified credential."""

    def __init__(self, queue: FairQueue, verified_queue: FairQueue) -> None:
        self._queue, self._verified_queue = queue, verified_queue
        self._verified: dict[bytes, tuple[float, str]] = {}

    def turn_of(self, scope: Scope) -> "Turn":
        """The turn of a request that has just come."""
        credential = _credential(scope["headers"])
        until, owner = self._verified.get(credential, (0.0, ""))
        if until > _now_s():
            queue, caller = self._verified_queue, owner
        else:
            queue, caller = self._queue, network_of((scope.get("client") or ("",))[0])
        if scope["path"] in ALWAYS_ANSWERED:
            caller = ""
        remember = partial(self._remember, credential)
        return Turn(queue, caller, (self._queue, self._verified_queue), remember)

    def _remember(self, credential: bytes, owner: str) -> None:
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[credential] = _now_s() + VERIFIED_FOR_S, owner


class Turn:
    """One request's place in a queue, and its preference over requests of other queues.

    caller: the network or owner that it counts for; empty if it needs no place. queues: of
    anonymous and of verified requests. remember: called with the owner of its credential.
    """

    def __init__(
        self,
        queue: FairQueue,
        caller: str,
        queues: tuple[FairQueue, FairQueue],
        remember: Callable[[str], None],
    ) -> None:
        self._queue, self._caller = queue, caller
        self._anonymous_queue, self._verified_queue = queues
        self._remember = remember
        self._holds = self._is_over = False
        self._preference: ExitStack | None = None

    @property
    def is_verified(self) -> bool:
        """True if the request's credential was verified before."""
        return self._queue is self._verified_queue

    async def enter(self) -> None:
        """Wait for the first place. TooManyRequests or Unavailable if that takes too long."""
        try:
            await self.begin(WAIT_S)
        except QueueTimeout as error:
            refusal = too_late_of_reseller if self.is_verified else too_late
            raise refusal(self._queue, error) from None

    async def begin(self, within_s: float | None = None) -> None:
        """Wait for a place, unless the request needs none. QueueTimeout."""
        if self._is_over:
            return
        if self._caller and not self._holds:
            await self._queue.enter(self._caller, within_s)
            self._holds = True
        self._prefer()
        self._leave_if_over()

    def end(self) -> None:
        """Free the place for good."""
        self._is_over = True
        self.leave()

    async def verify(self, owner: str) -> None:
        """It is not anonymous: leave that queue for the owner's.

        owner: requests of the same owner share a limit; empty if there is no limit.
        """
        self._remember(owner)
        if self.is_verified:
            return
        self.leave()
        self._queue, self._caller = self._verified_queue, owner
        await self.begin()

    def leave(self) -> None:
        """Free the place until `begin`."""
        if self._preference is not None:
            self._preference.close()
            self._preference = None
        if self._holds:
            self._holds = False
            self._queue.leave(self._caller)

    def _prefer(self) -> None:
        if self._preference is not None or not self.is_verified:
            return
        self._preference = ExitStack()
        self._preference.enter_context(self._anonymous_queue.preferred())
        if not self._caller:
            self._preference.enter_context(self._verified_queue.preferred())

    def _leave_if_over(self) -> None:
        if self._is_over:  # it ended while it waited
            self.leave()


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
