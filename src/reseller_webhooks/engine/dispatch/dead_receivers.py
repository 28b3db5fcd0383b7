"""Gives up deliveries to dead receivers, in batches, right after a failed probe.

Only then is no request of the webhook in flight: its next request is the next probe.
"""

import asyncio
from collections.abc import Callable

from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner

PAUSE_S = 0.05
"""Pause between two batches, for other writers of the store."""


class DeadReceivers:
    """Gives up deliveries older than their retry schedule if the circuit is open for as long.

    request_scan: called with queues that need a new scan.
    """

    def __init__(
        self,
        store: Store,
        runner: AttemptRunner,
        owner: Ownership,
        request_scan: Callable[[WebhookQueue], None],
    ) -> None:
        self._store, self._runner, self._owner = store, runner, owner
        self._request_scan = request_scan
        self._probed: set[WebhookQueue] = set()
        self._wake = asyncio.Event()

    def probe_failed(self, queue: WebhookQueue) -> None:
        """A probe of this webhook's receiver just failed."""
        self._probed.add(queue)
        self._wake.set()

    async def run(self) -> None:
        """Handle failed probes forever.

        Raises Unavailable when the store does not answer; the next failed probe tries again.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._probed:
                await self._give_up(self._probed.pop())

    async def _give_up(self, queue: WebhookQueue) -> None:
        while await self._give_up_batch(queue):
            pass

    @implements(Rule.GIVE_UP)
    async def _give_up_batch(self, queue: WebhookQueue) -> int:
        clock, span_s = self._runner.clock, self._runner.span_s
        before = circuits.given_up_before(queue.circuit, now=clock.now(), span_s=span_s)
        if before is None or not queue.is_idle or not self._owner.in_time():
            return 0
        try:
            with queue.suspended():
                lease = queue.part, queue.epoch
                closed = await self._store.give_up(queue.webhook.id, lease, before)
        finally:
            self._request_scan(queue)
        await asyncio.sleep(PAUSE_S)
        return closed
