"""Name look-ups by the system's resolver on threads that are divided fairly among resellers.

The system's resolver honours everything an administrator may have set up: hosts files, search
domains, name services, a container's name server. But it blocks a thread while a name server does
not answer, so threads are scarce, and each reseller gets a fair share of them.
"""

import asyncio
import socket
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from reseller_webhooks import clock
from reseller_webhooks.engine.fair_shares import FairShareQueue, FairShares

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host name. OSError when it has none or no name server answers."""

FOUND_KEPT_S = 30.0
"""Long enough to spare the name server, short enough to follow a change of address."""
MISSING_KEPT_S = 5.0
"""A failed name is not looked up again at once, but a repaired one is found soon."""
UNANSWERED_KEPT_S = 30.0
"""A name whose servers do not answer blocks a thread for long, so it is looked up less often."""
NAMES_KEPT = 20_000
"""Twice the hosts of a large installation; the oldest goes first."""
LOOKUPS_AT_ONCE = 64
"""Threads. Each sends two queries at once, and forwarders of small machines take 150."""


class _PendingLookup(NamedTuple):
    """A look-up that waits for its turn."""

    reseller_id: int
    host: str


class NameLookups:
    """Resolves names with a cache and one look-up per name at a time.

    resolve: returns the addresses of a name; by default the system's resolver on a thread.
    """

    def __init__(
        self,
        resolve: Resolve | None = None,
        *,
        at_once: int = LOOKUPS_AT_ONCE,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._resolve = resolve or self._ask_system
        self._names: dict[str, tuple[Future[Sequence[str]], float]] = {}
        self._pending: dict[str, Future[None]] = {}
        """For each waiting name, a future that is done once its look-up begins."""
        self._shares = FairShares(at_once)
        self._queue = FairShareQueue[_PendingLookup](
            self._shares, lambda pending: pending.reseller_id, lambda _: 0
        )
        self._is_closed = False
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="name-lookup")

    @property
    def in_use(self) -> int:
        """Look-ups in flight."""
        return self._shares.in_use

    @property
    def waiting(self) -> int:
        """Names that wait for their turn."""
        return len(self._pending)

    def turn(self, host: str, reseller_id: int) -> Awaitable[None] | None:
        """Wait until the name's look-up begins; None if there is nothing to wait for.

        The wait is for other look-ups to end.
        """
        if self._cached(host) is not None:
            return None
        turn = self._pending.get(host)
        if turn is None:
            turn = self._pending[host] = asyncio.get_running_loop().create_future()
        # The first reseller whose turn comes looks the name up for all.
        self._queue.add(_PendingLookup(reseller_id, host))
        self._serve()
        return None if turn.done() else asyncio.shield(turn)

    async def addresses(self, host: str, reseller_id: int = 0) -> Sequence[str]:
        """The addresses of a name. OSError when it has none or no name server answers."""
        lookup = self._cached(host)
        while lookup is None:
            if (turn := self.turn(host, reseller_id)) is not None:
                await turn
            lookup = self._cached(host)
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Cancel waiting look-ups; those in flight end by themselves."""
        self._is_closed = True
        for lookup, _ in self._names.values():
            lookup.cancel()
        for turn in self._pending.values():
            turn.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _cached(self, host: str) -> Future[Sequence[str]] | None:
        """The cached result, or the look-up in flight."""
        lookup, until = self._names.get(host, (None, 0.0))
        if lookup is not None and (not lookup.done() or self._monotonic_s() < until):
            return lookup
        return None

    def _serve(self) -> None:
        for pending in self._queue.pop_admitted(lambda: not self._is_closed):
            turn = self._pending.pop(pending.host, None)
            if turn is None:
                continue  # another reseller's turn for the same name came first
            self._begin(pending)
            if not turn.done():
                turn.set_result(None)

    def _begin(self, pending: _PendingLookup) -> None:
        self._shares.acquire(pending.reseller_id)
        lookup = asyncio.ensure_future(self._resolve(pending.host))
        self._names.pop(pending.host, None)
        self._names[pending.host] = (lookup, 0.0)
        lookup.add_done_callback(lambda done: self._end(pending, done))
        if len(self._names) > NAMES_KEPT:
            del self._names[next(iter(self._names))]

    def _end(self, pending: _PendingLookup, lookup: Future[Sequence[str]]) -> None:
        kept = self._names.get(pending.host)
        if kept is not None and kept[0] is lookup:
            self._names[pending.host] = (lookup, self._monotonic_s() + _kept_s(lookup))
        self._shares.release(pending.reseller_id)
        self._queue.load_lowered(pending)
        self._serve()

    async def _ask_system(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _system_addresses, host)


def _kept_s(lookup: Future[Sequence[str]]) -> float:
    error = None if lookup.cancelled() else lookup.exception()
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return UNANSWERED_KEPT_S
    return MISSING_KEPT_S if lookup.cancelled() or error else FOUND_KEPT_S


def _system_addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(sockaddr[0]) for *_, sockaddr in found]
