"""Tracks the delivery id up to which everything has been seen, and late commits below it."""

import asyncio

from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.ports import Ownership, Store

RESCAN_LATE_S = 1.0
"""Seconds between scans for deliveries that were committed below the watermark."""
PAGES = 20
"""Pages of deliveries in one poll; webhooks with more of them are scanned."""


class IdWatermark:
    """Finds new deliveries for the scheduler. Raises Unavailable when the store does not answer."""

    def __init__(self, store: Store, scheduler: Scheduler, owner: Ownership) -> None:
        self._store, self._scheduler, self._owner = store, scheduler, owner
        self._newest = 0
        self._horizon = Horizon()

    async def begin(self) -> None:
        """Start above the newest delivery; the caller then scans every webhook."""
        self._newest = await self._store.last_delivery()
        self._horizon = (await self._store.due_late_commits(Horizon(), self._newest)).horizon

    async def poll(self) -> None:
        """Accept deliveries above the watermark."""
        for left in reversed(range(PAGES)):
            read_at = asyncio.get_running_loop().time()
            with self._scheduler.track_read() as written:
                found = await self._store.new_deliveries(
                    self._newest, self._owner.parts, include_due=left > 0
                )
                self._scheduler.accept_new(found.due, read_at, written)
            self._scheduler.mark_dirty(found.dirty)
            self._newest = max(self._newest, found.upto)
            if not found.more:
                break

    async def rescan_late(self) -> None:
        """Find deliveries that were committed below the watermark, however late.

        The horizon advances only after all of them were found.
        """
        newest, horizon = self._newest, self._horizon
        if newest == horizon.newest and not horizon.floors:
            return
        with self._scheduler.track_read() as written:
            found = await self._store.due_late_commits(horizon, newest)
            self._scheduler.verify_known(found.due, written)
        if found.above == 0:  # a transaction from before the start ended: any id is possible
            self._scheduler.schedule_scans(await self._store.first_due_s())
        elif found.more:
            rest = await self._store.new_deliveries(
                found.upto, self._owner.parts, include_due=False
            )
            self._scheduler.mark_dirty(rest.dirty)
        self._horizon = found.horizon

    async def full_sweep(self) -> None:
        """Schedule a scan of every webhook for when its first delivery is due."""
        if await self._store.last_delivery() < self._newest:
            await self.begin()  # a failover lost the last commits, so their ids are used again
        self._scheduler.schedule_scans(await self._store.first_due_s())
