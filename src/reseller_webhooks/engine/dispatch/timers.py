"""Timer heap: which queue to visit when."""

import asyncio
from heapq import heappop, heappush
from itertools import count
from math import inf

from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class TimerHeap:
    """Queues by the loop's time at which a delivery may become due."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._heap: list[tuple[float, int, WebhookQueue]] = []
        self.visits: dict[WebhookQueue, float] = {}
        """The time of each queue's next visit."""
        self._count = count()  # queues do not compare; the first scheduled goes first

    @implements(Rule.EARLIER_VISIT)
    def schedule(self, at: float, queue: WebhookQueue) -> None:
        """Schedule a visit; an earlier one already scheduled wins."""
        if at == inf or self.visits.get(queue, inf) <= at:
            return
        self.visits[queue] = at
        heappush(self._heap, (at, next(self._count), queue))
        if self._heap[0][2] is queue:
            self._wake.set()  # the waiter waits for a later time

    def due(self, now: float) -> list[WebhookQueue]:
        """Pop the queues whose time has come."""
        queues = []
        while self._heap and self._heap[0][0] <= now:
            at, _, queue = heappop(self._heap)
            if self.visits.get(queue) == at:
                del self.visits[queue]
                queues.append(queue)
        return queues

    async def wait(self) -> None:
        """Wait until the first queue's time, or until woken."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(self._heap[0][0], self._wake.set) if self._heap else None
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            if timer:
                timer.cancel()
