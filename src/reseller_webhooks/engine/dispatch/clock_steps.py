"""Pulls back deliveries that a step of the store's clock has moved into the future.

It runs after a step, after this worker acquires webhooks (they may have had no owner when the
clock was stepped), and every EVERY_S.
"""

import structlog

from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.supervision import wait_for_event

EVERY_S = 30.0

log = structlog.get_logger()


class ClockSteps:
    """Pulls back deliveries of this worker's partitions."""

    def __init__(self, store: Store, owner: Ownership, scheduler: Scheduler) -> None:
        self._store, self._owner, self._scheduler = store, owner, scheduler
        self._steps_handled = 0
        """Number of clock steps after which every webhook was scheduled again."""

    async def run(self) -> None:
        """Run forever. Raises Unavailable when the store does not answer."""
        wake = self._scheduler.waits_suspect
        while True:
            wake.clear()
            await self._pull_back()
            await self._reschedule()
            await wait_for_event(wake, EVERY_S)

    @implements(Rule.PULL_BACK)
    async def _pull_back(self) -> None:
        webhooks = await self._store.pull_back(self._owner.parts)
        self._scheduler.mark_dirty(webhooks)
        if webhooks:
            log.warning(
                "deliveries had times from before the clock was stepped back",
                webhooks=len(webhooks),
            )

    async def _reschedule(self) -> None:
        steps = self._scheduler.clock_steps
        if steps != self._steps_handled:
            self._scheduler.schedule_scans(await self._store.first_due_s())
            self._steps_handled = steps
