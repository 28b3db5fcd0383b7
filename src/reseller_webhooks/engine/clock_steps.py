"""What a step of the store's clock has moved into the future is pulled back, so that it goes out.

At once after a step, and when webhooks come to this worker, which may have been nobody's during
one; and every so often.
"""

import structlog

from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.scheduler import Scheduler
from reseller_webhooks.engine.tasks import wait_for_event

EVERY_S = 30.0

log = structlog.get_logger()


class ClockSteps:
    """Pulls back deliveries of this worker's partitions."""

    def __init__(self, store: Store, owner: Ownership, scheduler: Scheduler) -> None:
        self._store, self._owner, self._scheduler = store, owner, scheduler

    async def run(self) -> None:
        """Do it for ever. Unavailable when the store does not answer."""
        wake = self._scheduler.may_wait_too_long
        while True:
            wake.clear()
            await self._pull_back()
            await wait_for_event(wake, EVERY_S)

    async def _pull_back(self) -> None:
        webhooks = await self._store.pull_back(self._owner.parts)
        self._scheduler.tell(webhooks)
        if webhooks:
            log.warning(
                "deliveries had times from before the clock was stepped back",
                webhooks=len(webhooks),
            )
        if self._scheduler.stepped:
            self._scheduler.stepped = False
            try:
                await self._look_over()
            except Unavailable:
                self._scheduler.stepped = True
                raise

    async def _look_over(self) -> None:
        # Who asks for what has changed since an instant may have missed something.
        await self._scheduler.adopt(self._owner.parts)
        self._scheduler.look(await self._store.waiting())
