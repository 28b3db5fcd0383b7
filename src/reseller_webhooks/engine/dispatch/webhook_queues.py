"""The queues of an engine, by webhook and by partition."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue


class WebhookQueues:
    """Every queue there is, at most one to a webhook.

    learning: held from before webhooks are read until they are applied, so that an older view
    never takes the place of a newer one.
    """

    def __init__(self) -> None:
        self.update_lock = asyncio.Lock()
        self._by_webhook: dict[int, WebhookQueue] = {}

    def __iter__(self) -> Iterator[WebhookQueue]:
        return iter(list(self._by_webhook.values()))

    @property
    def circuits_open(self) -> int:
        """Webhooks that only get probes at present."""
        return sum(queue.circuit.is_open for queue in self)

    @property
    def secrets_unreadable(self) -> int:
        """Webhooks that nothing is sent for because a secret of theirs does not open."""
        return sum(bool(queue.webhook.unreadable) for queue in self)

    def get(self, webhook_id: int) -> WebhookQueue | None:
        """The webhook's queue, if it is ours."""
        return self._by_webhook.get(webhook_id)

    def add(self, queue: WebhookQueue) -> None:
        """A webhook that is new here."""
        self._by_webhook[queue.webhook.id] = queue

    def remove(self, queue: WebhookQueue) -> None:
        """Start nothing more for it and forget it."""
        queue.close()
        del self._by_webhook[queue.webhook.id]

    def by_webhook(self, webhook_ids: Iterable[int]) -> list[WebhookQueue]:
        """Those of some webhooks; webhooks of other workers have none here."""
        found = (self._by_webhook.get(webhook_id) for webhook_id in webhook_ids)
        return [queue for queue in found if queue]

    def in_partitions(self, parts: Collection[int]) -> list[WebhookQueue]:
        """Those of some partitions."""
        some = frozenset(parts)
        return [queue for queue in self if queue.part in some] if some else []

    def outdated(self, revisions: Mapping[int, int]) -> list[int]:
        """The webhooks that are not known here at these revisions."""
        queues = ((number, its, self.get(number)) for number, its in revisions.items())
        return [number for number, its, queue in queues if queue is None or queue.revision != its]

    def keep_only(self, parts: Collection[int], live: Collection[int]) -> None:
        """Webhooks of these partitions that are not among the live ones were deleted."""
        for queue in self.in_partitions(parts):
            if queue.webhook.id not in live:
                self.remove(queue)
