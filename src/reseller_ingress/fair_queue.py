"""Places for requests, a few at once, given in round-robin by network."""

import asyncio
from asyncio import Future, TimerHandle
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

YIELD_S = 0.05
"""Seconds for which a free place stays unused while preferred requests are served, by default."""


class QueueTimeout(Exception):
    """A request waited too long for its turn. of_network: for others of its own network."""

    def __init__(self, *, of_network: bool) -> None:
        self.of_network = of_network
        super().__init__()


class FairQueue:
    """Places for requests, given in round-robin by network. For one event loop."""

    def __init__(self, in_all: int, per_network: int, yield_s: float = YIELD_S) -> None:
        self.in_all, self.per_network, self.yield_s = in_all, per_network, yield_s
        self._occupied: Counter[str] = Counter()
        self._waiting: dict[str, deque[Future[None]]] = {}
        self._preferred = 0
        self._timer: TimerHandle | None = None

    @contextmanager
    def preferred(self) -> Iterator[None]:
        """While the context is open, other requests in the queue begin later."""
        self._preferred += 1
        try:
            yield
        finally:
            self._preferred -= 1
            if not self._preferred and self._waiting:
                self._fill()

    async def enter(self, network: str, within_s: float | None = None) -> None:
        """Occupy a place; QueueTimeout when there was none in time."""
        if self._waiting or self._preferred or self._is_full() or not self._has_room(network):
            await self._wait(network, within_s)
        else:
            self._occupied[network] += 1

    def leave(self, network: str) -> None:
        """Free a place for the next request."""
        self._occupied[network] -= 1
        if not self._occupied[network]:
            del self._occupied[network]
        self._fill_soon()

    async def _wait(self, network: str, within_s: float | None) -> None:
        turn: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(turn)
        self._fill_soon()
        try:
            async with asyncio.timeout(within_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(network)
            if isinstance(error, TimeoutError):
                of_network = not self._has_room(network) or not self._is_full()
                raise QueueTimeout(of_network=of_network) from None
            raise

    def _fill_soon(self) -> None:
        if not self._waiting:
            return
        if not self._preferred:
            self._fill()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.yield_s, self._fill)

    def _fill(self) -> None:
        """Give each free place to the next request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (network := self._next()) is not None:
            queue = self._waiting.pop(network)
            turn = queue.popleft()
            if queue:
                self._waiting[network] = queue  # at the end of the round
            if not turn.done():
                self._occupied[network] += 1
                turn.set_result(None)

    def _next(self) -> str | None:
        if self._is_full():
            return None
        return next((one for one in self._waiting if self._has_room(one)), None)

    def _is_full(self) -> bool:
        return self._occupied.total() >= self.in_all

    def _has_room(self, network: str) -> bool:
        return self._occupied[network] < self.per_network
