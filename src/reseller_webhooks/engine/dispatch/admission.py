"""Admission: which queue gets a slot, and in what sequence queues wait for one.

Queues in time and overdue ones wait in queues of their own. With a single queue, after a day on
which nothing was sent, everybody's new notifications would stand behind the backlogs of all others.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain

from reseller_webhooks import observability
from reseller_webhooks.engine.dispatch.concurrency import ConcurrencyLimit
from reseller_webhooks.engine.dispatch.late_throttle import SLACK_S, LateThrottle
from reseller_webhooks.engine.dispatch.start_quota import StartQuota
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.fair_shares import FairQueue


class Admission:
    """Owns the slots. serve: called with queues that may have one now. Instants are the loop's."""

    def __init__(
        self, slots: int, cpu_s: Callable[[], float], serve: Callable[[WebhookQueue], None]
    ) -> None:
        self.slots = ConcurrencyLimit(slots)
        self._late_throttle = LateThrottle(cpu_s)
        self._quota = StartQuota(self._serve_waiting)
        self._serve = serve
        self._in_time, self._late = self._queue(), self._queue()
        self._timer: asyncio.TimerHandle | None = None

    def export(self) -> None:
        """Show who holds slots and who waits for one, as metrics."""
        slots = self.slots
        observability.delivery_slots.set(slots.count)
        observability.largest_reseller_share.set_function(lambda: slots.largest / slots.count)
        observability.resellers_sending.set_function(lambda: slots.holders)
        observability.resellers_waiting.set_function(lambda: self.resellers_waiting)
        observability.webhooks_waiting.set_function(lambda: self.queues_waiting)

    @property
    def queues_waiting(self) -> int:
        """Queues that have something to send and no slot for it."""
        return len(self._in_time) + len(self._late)

    @property
    def resellers_waiting(self) -> int:
        """Resellers with a queue that waits."""
        return len(self._in_time.resellers | self._late.resellers)

    def admits(self, queue: WebhookQueue, at: float) -> bool:
        """Whether there is a slot for the queue; if not, it waits for its turn."""
        if (
            not self._quota.is_spent
            and self._may_send(queue, at)
            and self.slots.are_free_for(queue)
        ):
            return True
        self.wait(queue, at)
        return False

    def wait(self, queue: WebhookQueue, at: float) -> None:
        """The queue takes part in the turns."""
        if queue.late:
            self._late.add(queue)
            self._wait_for_throttle(at)
        else:
            self._in_time.add(queue)

    def keeps(self, queue: WebhookQueue, at: float) -> bool:
        """Whether a queue whose request has ended may use its slot once more."""
        if self._quota.is_spent or not self._may_send(queue, at):
            return False
        if self._late and self._late_throttle.is_open(at) and not self._late.keeps(queue):
            return False
        return self._in_time.keeps(queue)

    def take(self, queue: WebhookQueue) -> None:
        """A queue that was admitted takes a slot."""
        self.slots.take(queue.webhook.reseller_id)

    def give_back(self, queue: WebhookQueue) -> None:
        """The slot of a queue is free again."""
        self.slots.give_back(queue.webhook.reseller_id)
        self._load_lowered(queue)

    def started(self, queue: WebhookQueue, body_bytes: int, at: float) -> None:
        """A slot that was taken serves a delivery of the queue."""
        self._quota.spend(body_bytes)
        self._late_throttle.started(at, late=queue.late)
        self.slots.started(queue.webhook.reseller_id, body_bytes, late=queue.late)

    def ended(self, queue: WebhookQueue, body_bytes: int, *, late: bool) -> None:
        """It serves that delivery no more, and perhaps another, or is given back.

        late: what the queue was when it started.
        """
        if self.slots.ended(queue.webhook.reseller_id, body_bytes, late=late):
            self._load_lowered(queue)
            asyncio.get_running_loop().call_soon(self._serve_waiting)

    def turns(self, at: float) -> Iterator[WebhookQueue]:
        """Queues that wait and may have a slot now. One that wants more waits again."""
        in_time = self._in_time.turns(self._is_open)
        if not self._late:
            return in_time
        late = self._late_turns(at)
        # Beside others, what is late has little to take, and that it gets. Alone it could keep
        # all slots for ever from whoever comes and is in time.
        return chain(in_time, late) if self._late_throttle.is_alone(at) else chain(late, in_time)

    def _load_lowered(self, queue: WebhookQueue) -> None:
        self._in_time.lowered(queue)
        self._late.lowered(queue)

    def _queue(self) -> FairQueue[WebhookQueue]:
        return FairQueue(
            self.slots, lambda queue: queue.webhook.reseller_id, lambda queue: queue.in_flight
        )

    def _is_open(self) -> bool:
        return not self._quota.is_spent

    def _late_turns(self, at: float) -> Iterator[WebhookQueue]:
        slots, budget = self.slots, self._late_throttle
        return self._late.turns(
            lambda: self._is_open() and slots.are_free_for_late() and budget.is_open(at)
        )

    def _may_send(self, queue: WebhookQueue, at: float) -> bool:
        return not queue.late or self._late_throttle.is_open(at)

    def _wait_for_throttle(self, at: float) -> None:
        if self._timer is None:
            then = max(self._late_throttle.open_at(at), at + SLACK_S)
            self._timer = asyncio.get_running_loop().call_at(then, self._tick)

    def _tick(self) -> None:
        self._timer = None
        at = asyncio.get_running_loop().time()
        for queue in self._late_turns(at):
            self._serve(queue)
        if self._late:
            self._wait_for_throttle(at)

    def _serve_waiting(self) -> None:
        for queue in self.turns(asyncio.get_running_loop().time()):
            self._serve(queue)
