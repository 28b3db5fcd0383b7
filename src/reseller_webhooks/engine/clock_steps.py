"""What a step of the store's clock has moved into the future is pulled back, so that it goes out.

At start, at once after a step, and every so often: a step may have come while nobody looked.
"""

import asyncio
from contextlib import suppress

import structlog

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.scheduler import Scheduler

EVERY_S = 30.0
AGAIN_S = 0.5
"""When the store did not answer."""

log = structlog.get_logger()


class ClockSteps:
    """Pulls back deliveries of this worker's partitions."""

    def __init__(self, store: Store, owner: Ownership, scheduler: Scheduler) -> None:
        self._store, self._owner, self._scheduler = store, owner, scheduler

    async def run(self) -> None:
        """Do it for ever."""
        stepped = self._scheduler.stepped
        look_over = False
        while True:
            look_over |= stepped.is_set()
            stepped.clear()
            try:
                await self._pull_back(look_over=look_over)
            except Unavailable as error:
                log.warning("the store does not answer", reason=str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            look_over = False
            # Not wait_for: before Python 3.12 it can lose the cancellation that ends this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await stepped.wait()

    async def _pull_back(self, *, look_over: bool) -> None:
        webhooks = await self._store.pull_back(self._owner.parts)
        self._scheduler.tell(webhooks)
        if webhooks:
            log.warning(
                "deliveries had times from before the clock was stepped back",
                webhooks=len(webhooks),
            )
        if look_over:
            # Who asks for what has changed since an instant may have missed something.
            await self._scheduler.adopt(self._owner.parts)
            self._scheduler.look(await self._store.waiting())
