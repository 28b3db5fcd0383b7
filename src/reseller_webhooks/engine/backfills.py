"""Takes backfills on, a step each when it is due. Any worker may take any step."""

import asyncio
from collections.abc import Callable

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.observability.outages import log_refusal
from reseller_webhooks.operations import backfills
from reseller_webhooks.store.database import Database

LOOK_S = 0.5
"""A step that comes late is made up for, so the rate is kept."""


class Backfills:
    """made: tells the engine that there are new deliveries."""

    def __init__(self, database: Database, *, public_url: str, made: Callable[[], None]) -> None:
        self._database = database
        self._public_url = public_url
        self._made = made

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                while await asyncio.to_thread(backfills.is_due, self._database):
                    if not await self._step():
                        break
            except Unavailable as error:
                log_refusal("a backfill was put off", error)
            await asyncio.sleep(LOOK_S)

    async def _step(self) -> bool:
        """Whether there may be another one."""
        began_s = monotonic_s()
        made = await asyncio.to_thread(backfills.step, self._database, public_url=self._public_url)
        if made:
            self._made()
            # Others have at least half of the time, however many backfills are due.
            await asyncio.sleep(monotonic_s() - began_s)
        return made is not None
