"""Takes backfills on, a step each when it is due. Any worker may take any step."""

import asyncio
from collections.abc import Callable
from functools import partial

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.engine.due_work import do_when_due
from reseller_webhooks.operations import backfills
from reseller_webhooks.store.database import Database


class Backfills:
    """made: tells the engine that there are new deliveries."""

    def __init__(self, database: Database, *, public_url: str, made: Callable[[], None]) -> None:
        self._database = database
        self._public_url = public_url
        self._made = made

    async def run(self) -> None:
        """Look for due backfills for ever. A late step makes up for the delay."""
        is_due = partial(backfills.is_due, self._database)
        await do_when_due(is_due, self._step, put_off="a backfill was put off")

    async def _step(self) -> bool:
        """Whether there may be another one."""
        began_s = monotonic_s()
        made = await asyncio.to_thread(backfills.step, self._database, public_url=self._public_url)
        if made:
            self._made()
            # Others have at least half of the time, however many backfills are due.
            await asyncio.sleep(monotonic_s() - began_s)
        return made is not None
