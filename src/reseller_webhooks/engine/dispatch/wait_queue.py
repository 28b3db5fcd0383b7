"""A FIFO of queues without duplicates, in which resellers take turns."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class WaitQueue:
    """Queues that wait for something: each reseller's in the sequence in which they came."""

    def __init__(self) -> None:
        # Not dicts: to find its first, a dict looks through what was taken out before that.
        self._queues: OrderedDict[int, OrderedDict[WebhookQueue, None]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def add(self, queue: WebhookQueue) -> None:
        """Append a queue; one that waits already keeps its place."""
        self._queues.setdefault(queue.webhook.reseller_id, OrderedDict())[queue] = None

    def pop_while(self, is_open: Callable[[], bool]) -> Iterator[WebhookQueue]:
        """Those that wait now, each once and out of the line, as long as it is open."""
        for _ in range(len(self)):
            if not is_open():
                return
            reseller_id, queues = self._queues.popitem(last=False)
            queue, _ = queues.popitem(last=False)
            if queues:
                self._queues[reseller_id] = queues
            yield queue
