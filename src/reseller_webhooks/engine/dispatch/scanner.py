"""Scans the store for due deliveries; a failed scan delays no other queue."""

from collections.abc import Callable, Sequence

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.sync.due import ScanResult
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ports import Store
from reseller_webhooks.observability.outages import log_refusal


class Scanner:
    """completed: called with queues and scan results. failed: called with a queue to scan later."""

    def __init__(
        self,
        store: Store,
        completed: Callable[[Sequence[WebhookQueue], Sequence[ScanResult]], None],
        failed: Callable[[WebhookQueue], None],
    ) -> None:
        self._store = store
        self._completed = completed
        self._failed = failed

    async def scan(self, queues: Sequence[WebhookQueue]) -> None:
        """Scan these queues; an unexpected exception is raised after each was tried by itself."""
        try:
            results = await self._store.scan([queue.begin_scan() for queue in queues])
        except Unavailable as error:
            log_refusal("the store was not scanned", error)
            self._fail(queues)
        except Exception:
            self._fail(queues)
            if len(queues) == 1:
                raise
            await self._scan_each(queues)
        else:
            self._completed(queues, results)

    async def _scan_each(self, queues: Sequence[WebhookQueue]) -> None:
        failure: Exception | None = None
        for queue in queues:
            try:
                await self.scan([queue])
            except Exception as error:
                failure = error
        if failure:
            raise failure

    def _fail(self, queues: Sequence[WebhookQueue]) -> None:
        for queue in queues:
            queue.scan_failed()
            self._failed(queue)
