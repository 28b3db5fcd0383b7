"""Which lane to turn to at what time."""

import asyncio
from heapq import heappop, heappush
from itertools import count
from math import inf

from reseller_webhooks.engine.lane import Lane


class Agenda:
    """Lanes by the loop's time at which something may have become due for them."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._heap: list[tuple[float, int, Lane]] = []
        self._noted: dict[Lane, float] = {}
        self._count = count()  # lanes do not compare; the first noted goes first

    def add(self, at: float, lane: Lane) -> None:
        """Turn to the lane then; an earlier note of the same lane stands for a later one."""
        if at == inf or self._noted.get(lane, inf) <= at:
            return
        self._noted[lane] = at
        heappush(self._heap, (at, next(self._count), lane))
        if self._heap[0][2] is lane:
            self._wake.set()  # whoever waits, waits for a later time

    def due(self, now: float) -> list[Lane]:
        """The lanes whose time has come."""
        some = []
        while self._heap and self._heap[0][0] <= now:
            at, _, lane = heappop(self._heap)
            if self._noted.get(lane) == at:
                del self._noted[lane]
                some.append(lane)
        return some

    async def wait(self) -> None:
        """Until somebody wakes us, or until the first lane's time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(self._heap[0][0], self._wake.set) if self._heap else None
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            if timer:
                timer.cancel()
