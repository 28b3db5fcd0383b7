"""The webhook queues of an engine, by webhook and by partition."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class WebhookQueues:
    """All queues, at most one per webhook.

    update_lock: held from reading webhooks until they are applied, so that an older read never
    overwrites a newer one.
    """

    def __init__(self) -> None:
        self.update_lock = asyncio.Lock()
        self._by_webhook: dict[int, WebhookQueue] = {}

    def __iter__(self) -> Iterator[WebhookQueue]:
        return iter(list(self._by_webhook.values()))

    @property
    def circuits_open(self) -> int:
        """Number of webhooks whose circuit is open."""
        return sum(queue.circuit.is_open for queue in self)

    @property
    def secrets_unreadable(self) -> int:
        """Number of webhooks that get no deliveries because a secret cannot be decrypted."""
        return sum(bool(queue.webhook.unreadable) for queue in self)

    def get(self, webhook_id: int) -> WebhookQueue | None:
        """The webhook's queue, if this engine has it."""
        return self._by_webhook.get(webhook_id)

    def add(self, queue: WebhookQueue) -> None:
        """Add the queue of a new webhook."""
        self._by_webhook[queue.webhook.id] = queue

    def remove(self, queue: WebhookQueue) -> None:
        """Close and remove a queue."""
        queue.close()
        del self._by_webhook[queue.webhook.id]

    def by_webhook(self, webhook_ids: Iterable[int]) -> list[WebhookQueue]:
        """The queues of these webhooks, those of other workers left out."""
        queues = (self._by_webhook.get(webhook_id) for webhook_id in webhook_ids)
        return [queue for queue in queues if queue]

    def in_partitions(self, parts: Collection[int]) -> list[WebhookQueue]:
        """The queues of these partitions."""
        wanted = frozenset(parts)
        return [queue for queue in self if queue.part in wanted] if wanted else []

    def outdated(self, revisions: Mapping[int, int]) -> list[int]:
        """Webhooks without a queue, or whose queue has another revision."""
        queues = ((webhook_id, self.get(webhook_id)) for webhook_id in revisions)
        return [
            webhook_id
            for webhook_id, queue in queues
            if queue is None or queue.revision != revisions[webhook_id]
        ]

    def keep_only(self, parts: Collection[int], live: Collection[int]) -> None:
        """Remove the queues of deleted webhooks: those of these partitions that are not live."""
        for queue in self.in_partitions(parts):
            if queue.webhook.id not in live:
                self.remove(queue)
