"""Gives up what a dead receiver never takes, in batches, right after a probe that failed.

Only then is it sure that nothing of the webhook is under way: its next request is the next probe.
"""

import asyncio
from collections.abc import Callable

from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.ports import Ownership, Store

PAUSE_S = 0.05
"""Between two batches, so that others have the store too."""


class Abandoned:
    """Deliveries older than their whole schedule, of webhooks whose circuit is open as long.

    hungry: told of lanes that have to be scanned anew.
    """

    def __init__(
        self, store: Store, courier: Courier, owner: Ownership, hungry: Callable[[Lane], None]
    ) -> None:
        self._store, self._courier, self._owner = store, courier, owner
        self._hungry = hungry
        self._probed: set[Lane] = set()
        self._probe_failed = asyncio.Event()

    def note_probe(self, lane: Lane) -> None:
        """A probe of this webhook's receiver has just failed."""
        self._probed.add(lane)
        self._probe_failed.set()

    async def run(self) -> None:
        """Wait for probes that fail, for ever.

        Unavailable when the store does not answer; the next probe brings it up again.
        """
        while True:
            await self._probe_failed.wait()
            self._probe_failed.clear()
            while self._probed:
                await self._give_up(self._probed.pop())

    async def _give_up(self, lane: Lane) -> None:
        while await self._batch(lane):
            pass

    async def _batch(self, lane: Lane) -> int:
        world, span_s = self._courier.world, self._courier.span_s
        before = circuits.given_up_before(lane.circuit, now=world.now(), span_s=span_s)
        if before is None or not lane.is_idle or not self._owner.in_time():
            return 0
        try:
            with lane.standing_still():
                lease = lane.part, lane.epoch
                closed = await self._store.give_up(lane.webhook.id, lease, before)
        finally:
            self._hungry(lane)
        await asyncio.sleep(PAUSE_S)
        return closed
