"""Upkeep on a timer: what is past its time goes, in small steps between other people's work."""

import asyncio
from collections.abc import Callable

import structlog

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.operations import upkeep
from reseller_webhooks.store.database import Database

EVERY_S = 60.0
PAUSE_S = 0.2
"""Between two batches, so that ingest has the writer most of the time."""

log = structlog.get_logger()


class Upkeep:
    """Drops old rows and finishes what deleted webhooks have left."""

    def __init__(self, database: Database, *, retention_days: int) -> None:
        self._steps: list[Callable[[], int]] = [
            lambda: upkeep.turn_day(database),
            lambda: upkeep.cancel_left(database),
            lambda: upkeep.drop_old(database, retention_days=retention_days),
        ]

    async def run(self) -> None:
        """Tidy for ever."""
        while True:
            for step in self._steps:
                await self._until_done(step)
            await asyncio.sleep(EVERY_S)

    async def _until_done(self, step: Callable[[], int]) -> None:
        try:
            more = True
            while more:
                more = bool(await asyncio.to_thread(step))
                await asyncio.sleep(PAUSE_S)
        except Unavailable as error:
            log.warning("upkeep was put off", reason=str(error))
