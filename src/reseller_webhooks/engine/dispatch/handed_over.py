"""Enqueues deliveries that this process has made, without reading them from the store.

A scan may have read them before, and they may be finished: then they are not enqueued again. Where
that is not known, their queues are scanned.
"""

from collections.abc import Callable, Iterable

from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.dispatch.recent_results import RecentResults
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.dispatch.webhook_queues import WebhookQueues

SAME_TIME_S = 0.005
"""The most that the event loop's time differs from the clock of other threads."""


class HandedOver:
    """mark_dirty: scans a queue. start_ready: starts its deliveries."""

    def __init__(
        self,
        queues: WebhookQueues,
        mark_dirty: Callable[[WebhookQueue], None],
        start_ready: Callable[[WebhookQueue], None],
    ) -> None:
        self.recent_results = RecentResults()
        self._queues = queues
        self._mark_dirty = mark_dirty
        self._start_ready = start_ready

    def take(self, made: Iterable[DueDelivery], begun_at: float, at: float) -> bool:
        """Enqueue deliveries; False if other workers own some of their webhooks.

        begun_at: the start of their transaction. at: the present.
        """
        by_webhook: dict[int, list[DueDelivery]] = {}
        for due in made:
            its = by_webhook.setdefault(due.delivery.webhook_id, [])
            if not self.recent_results.has(due.delivery.id):
                its.append(due)
        queues = self._queues.by_webhook(by_webhook)
        for queue in queues:
            is_known = self._knows_results_since(queue, begun_at - SAME_TIME_S)
            if not is_known or not queue.accept_new(by_webhook[queue.webhook.id], at):
                self._mark_dirty(queue)
            self._start_ready(queue)
        return len(queues) == len(by_webhook)

    @implements(Rule.SCAN_AFTER_HANDOVER)
    def _knows_results_since(self, queue: WebhookQueue, since: float) -> bool:
        return queue.created_at < since and self.recent_results.covers(since)
