"""FIFO of waiting queues without duplicates, round-robin by reseller."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class WaitQueue:
    """Waiting queues, each reseller's in the order in which they were added."""

    def __init__(self) -> None:
        # Not a dict: it would search through its removed entries for the first one.
        self._queues: OrderedDict[int, OrderedDict[WebhookQueue, None]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def add(self, queue: WebhookQueue) -> None:
        """Append a queue unless it is waiting already."""
        self._queues.setdefault(queue.webhook.reseller_id, OrderedDict())[queue] = None

    def pop_while(self, is_open: Callable[[], bool]) -> Iterator[WebhookQueue]:
        """Pop each queue that waits now, while `is_open` returns true."""
        for _ in range(len(self)):
            if not is_open():
                return
            reseller_id, queues = self._queues.popitem(last=False)
            queue, _ = queues.popitem(last=False)
            if queues:
                self._queues[reseller_id] = queues
            yield queue
