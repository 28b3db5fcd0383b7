"""Finds new deliveries by their numbers: those above the highest, and those that commit late."""

import asyncio

from reseller_webhooks.core.horizon import Horizon
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.scheduler import Scheduler

LATE_LOOK_S = 1.0
"""How often to look for deliveries that were committed below numbers already seen."""
PAGES = 20
"""Of deliveries that come along in one look; for the rest their webhooks are scanned."""


class Arrivals:
    """Hands new deliveries to the scheduler. Unavailable when the store does not answer."""

    def __init__(self, store: Store, scheduler: Scheduler, owner: Ownership) -> None:
        self._store, self._scheduler, self._owner = store, scheduler, owner
        self._newest = 0
        self._horizon = Horizon()

    async def begin(self) -> None:
        """Begin behind the newest delivery; the caller has every webhook scanned after this."""
        self._newest = await self._store.last_delivery()
        self._horizon = (await self._store.late(Horizon(), self._newest)).horizon

    async def look(self) -> None:
        """Hand on deliveries with higher numbers than all before."""
        for left in reversed(range(PAGES)):
            asked_at = asyncio.get_running_loop().time()
            with self._scheduler.looking() as written:
                found = await self._store.arrivals(self._newest, self._owner.parts, bring=left > 0)
                self._scheduler.bring(found.due, asked_at, written)
            self._scheduler.tell(found.told)
            self._newest = max(self._newest, found.upto)
            if not found.more:
                break

    async def look_for_late(self) -> None:
        """Hand on deliveries that were committed below the highest number, however late.

        The horizon moves on only when all of them were handed on.
        """
        newest, horizon = self._newest, self._horizon
        if newest == horizon.newest and not horizon.floors:
            return
        with self._scheduler.looking() as written:
            found = await self._store.late(horizon, newest)
            self._scheduler.recall(found.due, written)
        if found.above == 0:  # a transaction from before the start ended: any number is possible
            self._scheduler.look(await self._store.waiting())
        elif found.more:
            rest = await self._store.arrivals(found.upto, self._owner.parts, bring=False)
            self._scheduler.tell(rest.told)
        self._horizon = found.horizon

    async def compare(self) -> None:
        """Have every webhook scanned when its first delivery is due, whatever was missed."""
        if await self._store.last_delivery() < self._newest:
            await self.begin()  # a failover lost the last moments, and their numbers come again
        self._scheduler.look(await self._store.waiting())
