"""Name look-ups: by the system's resolver in threads, which resellers share out fairly.

The system's resolver knows all that an administrator may have set up: hosts files, search domains,
name services, the name server of a container. But it keeps a thread for as long as a name server
does not answer, so threads are scarce: a look-up takes its turn, and the turn is the reseller's.
"""

import asyncio
import socket
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from reseller_webhooks import clock
from reseller_webhooks.engine.fair_shares import FairQueue, FairShares

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host name. OSError when it has none or no name server answers."""

FOUND_KEPT_S = 30.0
"""Long enough to spare the name server under load, short enough to follow a move."""
MISSING_KEPT_S = 5.0
"""A name that fails is not asked for again at once, but a mended one is soon found."""
UNANSWERED_KEPT_S = 30.0
"""A name whose servers do not answer keeps a thread for long, so it is asked for less often."""
NAMES_KEPT = 20_000
"""Twice the hosts of a large installation; the oldest goes first."""
LOOKUPS_AT_ONCE = 64
"""Threads. Each sends two questions at once, and the forwarders of small machines take 150."""


class _Wanted(NamedTuple):
    """A look-up that waits for its turn."""

    reseller_id: int
    host: str


class NameLookups:
    """Addresses of names, kept for a while and asked for once at a time.

    resolve: asks for the addresses of a name; the system's resolver in a thread if not given.
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
        """For names that wait for their turn: done once the look-up begins."""
        self._shares = FairShares(at_once)
        self._queue = FairQueue[_Wanted](self._shares, lambda one: one.reseller_id, lambda _: 0)
        self._is_closed = False
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="name-lookup")

    @property
    def in_use(self) -> int:
        """Look-ups under way."""
        return self._shares.in_use

    @property
    def waiting(self) -> int:
        """Names that wait for their turn."""
        return len(self._pending)

    def turn(self, host: str, reseller_id: int) -> Awaitable[None] | None:
        """Wait until the name's look-up has begun; None when there is nothing to wait for.

        The wait says nothing about the name: it is for other look-ups to end.
        """
        if self._cached(host) is not None:
            return None
        begun = self._pending.get(host)
        if begun is None:
            begun = self._pending[host] = asyncio.get_running_loop().create_future()
        # Whichever reseller's turn comes first, it is for all that ask for the name.
        self._queue.add(_Wanted(reseller_id, host))
        self._serve()
        return None if begun.done() else asyncio.shield(begun)

    async def addresses(self, host: str, reseller_id: int = 0) -> Sequence[str]:
        """The addresses of a name. OSError when it has none or no name server answers."""
        lookup = self._cached(host)
        while lookup is None:
            if (turn := self.turn(host, reseller_id)) is not None:
                await turn
            lookup = self._cached(host)
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Drop look-ups that have not begun; one under way ends by itself."""
        self._is_closed = True
        for lookup, _ in self._names.values():
            lookup.cancel()
        for begun in self._pending.values():
            begun.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _cached(self, host: str) -> Future[Sequence[str]] | None:
        """The answer that is kept, or the look-up that is under way."""
        lookup, until = self._names.get(host, (None, 0.0))
        if lookup is not None and (not lookup.done() or self._monotonic_s() < until):
            return lookup
        return None

    def _serve(self) -> None:
        for wanted in self._queue.pop_admitted(lambda: not self._is_closed):
            begun = self._pending.pop(wanted.host, None)
            if begun is None:
                continue  # another reseller's turn for the same name came first
            self._begin(wanted)
            if not begun.done():
                begun.set_result(None)

    def _begin(self, wanted: _Wanted) -> None:
        self._shares.acquire(wanted.reseller_id)
        lookup = asyncio.ensure_future(self._resolve(wanted.host))
        self._names.pop(wanted.host, None)
        self._names[wanted.host] = (lookup, 0.0)
        lookup.add_done_callback(lambda done: self._end(wanted, done))
        if len(self._names) > NAMES_KEPT:
            del self._names[next(iter(self._names))]

    def _end(self, wanted: _Wanted, lookup: Future[Sequence[str]]) -> None:
        kept = self._names.get(wanted.host)
        if kept is not None and kept[0] is lookup:
            self._names[wanted.host] = (lookup, self._monotonic_s() + _kept_s(lookup))
        self._shares.release(wanted.reseller_id)
        self._queue.load_lowered(wanted)
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
