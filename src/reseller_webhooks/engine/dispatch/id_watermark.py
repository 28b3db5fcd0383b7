"""Finds new deliveries by their numbers: those above the highest, and those that commit late."""

import asyncio

from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.ports import Ownership, Store

RESCAN_LATE_S = 1.0
"""How often to look for deliveries that were committed below numbers already seen."""
PAGES = 20
"""Of deliveries that come along in one look; for the rest their webhooks are scanned."""


class IdWatermark:
    """Hands new deliveries to the scheduler. Unavailable when the store does not answer."""

    def __init__(self, store: Store, scheduler: Scheduler, owner: Ownership) -> None:
        self._store, self._scheduler, self._owner = store, scheduler, owner
        self._newest = 0
        self._horizon = Horizon()

    async def begin(self) -> None:
        """Begin behind the newest delivery; the caller has every webhook scanned after this."""
        self._newest = await self._store.last_delivery()
        self._horizon = (await self._store.due_late_commits(Horizon(), self._newest)).horizon

    async def poll(self) -> None:
        """Hand on deliveries with higher numbers than all before."""
        for left in reversed(range(PAGES)):
            asked_at = asyncio.get_running_loop().time()
            with self._scheduler.track_read() as written:
                found = await self._store.new_deliveries(
                    self._newest, self._owner.parts, bring=left > 0
                )
                self._scheduler.accept_new(found.due, asked_at, written)
            self._scheduler.mark_dirty(found.dirty)
            self._newest = max(self._newest, found.upto)
            if not found.more:
                break

    async def rescan_late(self) -> None:
        """Hand on deliveries that were committed below the highest number, however late.

        The horizon moves on only when all of them were handed on.
        """
        newest, horizon = self._newest, self._horizon
        if newest == horizon.newest and not horizon.floors:
            return
        with self._scheduler.track_read() as written:
            found = await self._store.due_late_commits(horizon, newest)
            self._scheduler.verify_known(found.due, written)
        if found.above == 0:  # a transaction from before the start ended: any number is possible
            self._scheduler.schedule_scans(await self._store.first_due_s())
        elif found.more:
            rest = await self._store.new_deliveries(found.upto, self._owner.parts, bring=False)
            self._scheduler.mark_dirty(rest.dirty)
        self._horizon = found.horizon

    async def full_sweep(self) -> None:
        """Have every webhook scanned when its first delivery is due, whatever was missed."""
        if await self._store.last_delivery() < self._newest:
            await self.begin()  # a failover lost the last moments, and their numbers come again
        self._scheduler.schedule_scans(await self._store.first_due_s())
