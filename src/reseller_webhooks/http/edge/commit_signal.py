"""Wakes readers that wait for commits: of this process, and of others by their notifications."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from reseller_webhooks import clock


class CommitSignal:
    """Counts commits of events, and wakes who waits for the next. For one event loop.

    listen: begins to hear other processes; called when the first reader waits.
    """

    def __init__(self, listen: Callable[[], None] = lambda: None) -> None:
        self._listen = listen
        self._lock = Lock()
        self._count = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def count(self) -> int:
        """Commits so far. Read it before the store, and pass it to `wait`."""
        return self._count

    @property
    def waiting(self) -> int:
        """Readers that wait."""
        return len(self._waiting)

    def notify(self) -> None:
        """Events may have been committed. Thread-safe."""
        with self._lock:
            self._count += 1
        if self._waiting and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, seen: int, within_s: float, *, pause_s: float) -> None:
        """Return after the next commit behind `seen`, or after `within_s` seconds.

        pause_s: how long it takes at least, so that many commits make few reads.
        """
        began = clock.monotonic_s()
        await self._next(seen, within_s)
        await asyncio.sleep(min(pause_s, within_s) - (clock.monotonic_s() - began))

    async def _next(self, seen: int, within_s: float) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._listen()
        future = self._loop.create_future()
        self._waiting.add(future)
        try:
            if self._count == seen:
                with suppress(TimeoutError):
                    await asyncio.wait_for(future, within_s)
        finally:
            self._waiting.discard(future)

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
