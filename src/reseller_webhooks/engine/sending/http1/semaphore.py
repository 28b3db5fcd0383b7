"""A semaphore that is free when uncontended."""

import asyncio
from asyncio import Future
from collections import deque


class FastSemaphore:
    """A FIFO semaphore."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiters: deque[Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a permit if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def acquire(self) -> None:
        """Wait for a permit."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Pass the permit to the first waiter, or free it."""
        while self._waiters:
            first = self._waiters.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1
