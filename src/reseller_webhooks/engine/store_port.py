"""The engine's store: operations on a thread of their own, so that the loop never waits for SQL."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from reseller_webhooks import clock
from reseller_webhooks.clock import Micros
from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.core.circuit import Circuit
from reseller_webhooks.core.delivery import Made
from reseller_webhooks.engine.ports import Known
from reseller_webhooks.operations import deliveries, webhooks
from reseller_webhooks.operations.deliveries import Ask, Found
from reseller_webhooks.secrets import Box
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.webhooks import WebhookRow

T = TypeVar("T")
THREADS = 4


class StorePort:
    """engine.ports.Store on a real database."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    async def webhooks(self, since: Micros) -> list[Known]:
        """Webhooks written at or after an instant, secrets opened."""
        return await self._run(lambda: self._known(since))

    async def arrivals(self, since: int) -> tuple[int, list[int]]:
        """The newest delivery's number, and which webhooks got one after `since`."""
        return await self._run(lambda: deliveries.arrivals(self._database, since))

    async def waiting(self) -> dict[int, float]:
        """For each webhook that has unfinished deliveries, seconds until the first is due."""
        return await self._run(lambda: deliveries.waiting(self._database))

    async def scan(self, asks: Sequence[Ask]) -> list[Found]:
        """What is due, for each ask."""
        return await self._run(lambda: deliveries.scan(self._database, asks))

    async def finish(self, made: Sequence[Made], circuits: Mapping[int, Circuit]) -> None:
        """Write what attempts have come to."""
        await self._run(lambda: deliveries.finish(self._database, made, circuits))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _known(self, since: Micros) -> list[Known]:
        now = clock.now()
        rows = webhooks.changed_since(self._database, since)
        return [_known(self._box, row, now) for row in rows if since or not row.deleted_at]


def _known(box: Box, row: WebhookRow, now: Micros) -> Known:
    if row.deleted_at:
        return Known(row.id, None, circuits.CLOSED)
    circuit = circuits.CLOSED
    if row.circuit == "OPEN":
        circuit = circuits.reopened(row.circuit_reason, row.circuit_at or now, row.probe_at or now)
    return Known(row.id, webhooks.opened(box, row, now), circuit)
