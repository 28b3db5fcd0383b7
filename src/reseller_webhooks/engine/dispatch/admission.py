"""Admission: decides which webhook queue gets a slot, and in which order queues wait for one.

Overdue webhook queues wait in a second fair queue. With a single one, new notifications would wait
behind the backlogs of all other webhooks after an outage.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain

from reseller_webhooks import observability
from reseller_webhooks.engine.dispatch.concurrency import DeliverySlots
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.late_throttle import SLACK_S, LateThrottle
from reseller_webhooks.engine.dispatch.start_quota import StartQuota
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.fair_shares import FairShareQueue


class Admission:
    """Owns the slots. serve: called with queues that may take one. at: the event loop's time."""

    def __init__(
        self, slots: int, cpu_s: Callable[[], float], serve: Callable[[WebhookQueue], None]
    ) -> None:
        self.slots = DeliverySlots(slots)
        self._late_throttle = LateThrottle(cpu_s)
        self._start_quota = StartQuota(self._serve_waiting)
        self._serve = serve
        self._on_time_queue, self._late_queue = self._new_queue(), self._new_queue()
        self._timer: asyncio.TimerHandle | None = None

    def export_metrics(self) -> None:
        """Provide the metrics of held slots and waiting queues."""
        slots = self.slots
        observability.delivery_slots.set(slots.count)
        observability.largest_reseller_share.set_function(lambda: slots.largest / slots.count)
        observability.resellers_sending.set_function(lambda: slots.holders)
        observability.resellers_waiting.set_function(lambda: self.resellers_waiting)
        observability.webhooks_waiting.set_function(lambda: self.queues_waiting)

    @property
    def queues_waiting(self) -> int:
        """Queues with a ready delivery and no slot."""
        return len(self._on_time_queue) + len(self._late_queue)

    @property
    def resellers_waiting(self) -> int:
        """Resellers with a waiting queue."""
        return len(self._on_time_queue.resellers | self._late_queue.resellers)

    def held_back_by(self, queue: WebhookQueue, at: float) -> HeldBack | None:
        """The reason why the queue gets no slot now; None if it gets one."""
        if self._start_quota.is_spent:
            return HeldBack.START_QUOTA
        if not self._throttle_allows(queue, at):
            return HeldBack.LATE
        return None if self.slots.has_free_for(queue) else HeldBack.SLOTS

    def enqueue(self, queue: WebhookQueue, at: float) -> None:
        """Let the queue wait for a slot."""
        if queue.late:
            self._late_queue.add(queue)
            self._wait_for_throttle(at)
        else:
            self._on_time_queue.add(queue)

    def may_keep_slot(self, queue: WebhookQueue, at: float) -> bool:
        """True if a queue whose request ended may reuse its slot, rather than a waiting queue."""
        if self._start_quota.is_spent or not self._throttle_allows(queue, at):
            return False
        if (
            self._late_queue
            and self._late_throttle.is_open(at)
            and not self._late_queue.would_return_to(queue)
        ):
            return False
        return self._on_time_queue.would_return_to(queue)

    def acquire(self, queue: WebhookQueue) -> None:
        """Take a slot for an admitted queue."""
        self.slots.acquire(queue.webhook.reseller_id)

    def release(self, queue: WebhookQueue) -> None:
        """Release a slot of the queue."""
        self.slots.release(queue.webhook.reseller_id)
        self._load_lowered(queue)

    def delivery_started(self, queue: WebhookQueue, body_bytes: int, at: float) -> None:
        """Account for a delivery that starts in an acquired slot."""
        self._start_quota.spend(body_bytes)
        self._late_throttle.delivery_started(at, late=queue.late)
        self.slots.delivery_started(queue.webhook.reseller_id, body_bytes, late=queue.late)

    def delivery_ended(self, queue: WebhookQueue, body_bytes: int, *, late: bool) -> None:
        """Account for a delivery that ended; its slot is then reused or released.

        late: whether the queue was overdue when the delivery started.
        """
        if self.slots.delivery_ended(queue.webhook.reseller_id, body_bytes, late=late):
            self._load_lowered(queue)
            asyncio.get_running_loop().call_soon(self._serve_waiting)

    def pop_admitted(self, at: float) -> Iterator[WebhookQueue]:
        """Pop waiting queues that may take a slot now; a queue that has more is enqueued again."""
        on_time = self._on_time_queue.pop_admitted(self._quota_left)
        if not self._late_queue:
            return on_time
        late = self._pop_late(at)
        # Beside on-time queues the throttle leaves overdue ones a small share, so they go first.
        # Without the throttle they go last, or they would keep all slots from new deliveries.
        return chain(on_time, late) if self._late_throttle.only_late(at) else chain(late, on_time)

    def _load_lowered(self, queue: WebhookQueue) -> None:
        self._on_time_queue.load_lowered(queue)
        self._late_queue.load_lowered(queue)

    def _new_queue(self) -> FairShareQueue[WebhookQueue]:
        return FairShareQueue(
            self.slots, lambda queue: queue.webhook.reseller_id, lambda queue: queue.in_flight
        )

    def _quota_left(self) -> bool:
        return not self._start_quota.is_spent

    def _pop_late(self, at: float) -> Iterator[WebhookQueue]:
        slots, budget = self.slots, self._late_throttle
        return self._late_queue.pop_admitted(
            lambda: self._quota_left() and slots.has_free_for_late() and budget.is_open(at)
        )

    def _throttle_allows(self, queue: WebhookQueue, at: float) -> bool:
        return not queue.late or self._late_throttle.is_open(at)

    def _wait_for_throttle(self, at: float) -> None:
        if self._timer is None:
            then = max(self._late_throttle.opens_at(at), at + SLACK_S)
            self._timer = asyncio.get_running_loop().call_at(then, self._throttle_opened)

    def _throttle_opened(self) -> None:
        self._timer = None
        at = asyncio.get_running_loop().time()
        for queue in self._pop_late(at):
            self._serve(queue)
        if self._late_queue:
            self._wait_for_throttle(at)

    def _serve_waiting(self) -> None:
        for queue in self.pop_admitted(asyncio.get_running_loop().time()):
            self._serve(queue)
