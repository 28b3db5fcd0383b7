"""Runs fan-outs that transactions of changes left to steps. Any worker may run any step.

Steps are small, and each is followed by a pause of the same length.
"""

import asyncio
from collections.abc import Callable

from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.engine.ports import Store
from reseller_webhooks.supervision import wait_for_event

POLL_S = 0.5
"""Seconds between polls for fan-outs of other processes; those of this process start at once."""
PAUSE_MIN_S = 0.005


class FanOut:
    """Runs fan-out steps. on_deliveries: called after new deliveries were written."""

    def __init__(self, store: Store, on_deliveries: Callable[[], None]) -> None:
        self._store = store
        self._on_deliveries = on_deliveries
        self._limit = fan_out_rules.DELIVERIES_MAX // 4
        self._reseller_id = 0
        self._wake_event = asyncio.Event()

    def wake(self) -> None:
        """A transaction of this process left a fan-out to steps."""
        self._wake_event.set()

    async def run(self) -> None:
        """Run pending steps, then wait for more, forever."""
        while True:
            self._wake_event.clear()
            while await self._step():
                self._on_deliveries()
            await wait_for_event(self._wake_event, POLL_S)

    async def _step(self) -> bool:
        """Run a step. Returns whether it wrote deliveries."""
        try:
            step = await self._store.fan_out(self._reseller_id, self._limit)
        except Exception:
            self._limit = max(fan_out_rules.STEP_DELIVERIES_MIN, self._limit // 2)
            raise
        if step is None:
            return False
        self._reseller_id = step.reseller_id
        if step.events:
            self._limit = fan_out_rules.next_limit(self._limit, step)
        await asyncio.sleep(max(PAUSE_MIN_S, step.took_s))
        return step.events > 0
