"""Which queue to turn to at what time."""

import asyncio
from heapq import heappop, heappush
from itertools import count
from math import inf

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class TimerHeap:
    """Queues by the loop's time at which something may have become due for them."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._heap: list[tuple[float, int, WebhookQueue]] = []
        self._scheduled: dict[WebhookQueue, float] = {}
        self._count = count()  # queues do not compare; the first noted goes first

    def schedule(self, at: float, queue: WebhookQueue) -> None:
        """Turn to the queue then; an earlier note of the same queue stands for a later one."""
        if at == inf or self._scheduled.get(queue, inf) <= at:
            return
        self._scheduled[queue] = at
        heappush(self._heap, (at, next(self._count), queue))
        if self._heap[0][2] is queue:
            self._wake.set()  # whoever waits, waits for a later time

    def due(self, now: float) -> list[WebhookQueue]:
        """The queues whose time has come."""
        some = []
        while self._heap and self._heap[0][0] <= now:
            at, _, queue = heappop(self._heap)
            if self._scheduled.get(queue) == at:
                del self._scheduled[queue]
                some.append(queue)
        return some

    async def wait(self) -> None:
        """Until somebody wakes us, or until the first queue's time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(self._heap[0][0], self._wake.set) if self._heap else None
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            if timer:
                timer.cancel()
