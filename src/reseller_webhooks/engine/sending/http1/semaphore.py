"""Turns: how many may be at something at once. Costs next to nothing as long as one is free."""

import asyncio
from asyncio import Future
from collections import deque


class FastSemaphore:
    """So many turns; who finds none waits in line."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiters: deque[Future[None]] = deque()

    def try_acquire(self) -> bool:
        """A turn, if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def acquire(self) -> None:
        """A turn, once there is one."""
        mine = asyncio.get_running_loop().create_future()
        self._waiters.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """The turn is over, and the first in line has it."""
        while self._waiters:
            first = self._waiters.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1
