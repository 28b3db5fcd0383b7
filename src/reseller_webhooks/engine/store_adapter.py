"""The engine's store: operations on a thread of their own, so that the loop never waits for SQL."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.ports import WebhookSnapshot
from reseller_webhooks.operations import delivery_queue, fan_out, leases, revisions, webhooks
from reseller_webhooks.operations.delivery_queue import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.operations.fan_out import FanOutStep
from reseller_webhooks.operations.leases import LeaseSnapshot, Worker
from reseller_webhooks.operations.revisions import Revised, Revisions
from reseller_webhooks.store.db.database import Database

T = TypeVar("T")
THREADS = 4


class StoreAdapter:
    """engine.ports.Store on a real database."""

    def __init__(self, database: Database, box: Box, worker: Worker | None = None) -> None:
        self._database = database
        self._box = box
        self._worker = worker
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    async def webhooks(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        """The webhooks of some partitions that were not deleted, secrets opened."""
        return await self._run(lambda: self._known(revisions.live(self._database, parts)))

    async def webhooks_by_id(self, numbers: Collection[int]) -> list[WebhookSnapshot]:
        """These webhooks, deleted or not, secrets opened."""
        return await self._run(lambda: self._known(revisions.by_id(self._database, numbers)))

    async def webhook_horizon(self) -> Horizon:
        """The horizon of the webhooks' revisions."""
        return await self._run(lambda: revisions.horizon(self._database))

    async def changed_webhooks(self, horizon: Horizon, parts: Collection[int]) -> Revised:
        """Revisions of some partitions' webhooks that may have become visible since a horizon."""
        return await self._run(lambda: revisions.revised(self._database, horizon, parts))

    async def revisions(self, parts: Collection[int]) -> Revisions:
        """The revision of every webhook of some partitions."""
        return await self._run(lambda: revisions.every(self._database, parts))

    async def last_delivery(self) -> int:
        """The last number that a delivery was given."""
        return await self._run(lambda: delivery_queue.last_delivery(self._database))

    async def new_deliveries(
        self, since: int, parts: Collection[int], *, bring: bool
    ) -> NewDeliveries:
        """Deliveries numbered above `since`."""
        return await self._run(
            lambda: delivery_queue.new_deliveries(self._database, since, parts=parts, bring=bring)
        )

    async def due_late_commits(self, horizon: Horizon, newest: int) -> DueIds:
        """Due deliveries numbered up to `newest` that may have become visible since a horizon."""
        return await self._run(
            lambda: delivery_queue.due_late_commits(self._database, horizon, newest)
        )

    async def first_due_s(self) -> dict[int, float]:
        """For each webhook that has unfinished deliveries, seconds until the first is due."""
        return await self._run(lambda: delivery_queue.first_due_s(self._database))

    async def pull_back(self, parts: Collection[int]) -> set[int]:
        """Make deliveries wait no longer than their own wait, after a step of the clock."""
        return await self._run(lambda: delivery_queue.pull_back(self._database, parts))

    async def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        """What is due, for each ask."""
        return await self._run(lambda: delivery_queue.scan(self._database, asks))

    async def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros) -> int:
        """Close a batch of what a webhook's dead receiver has left undone; how many."""
        owner = self._worker.id if self._worker else None
        return await self._run(
            lambda: delivery_queue.give_up(self._database, webhook_id, lease, before, owner=owner)
        )

    async def fan_out(self, after: int, limit: int) -> FanOutStep | None:
        """Make about `limit` deliveries for the reseller that follows."""
        return await self._run(lambda: fan_out.step(self._database, after, limit))

    async def write_results(
        self, made: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        """Write what attempts have come to; how many were left out, being another worker's."""
        owner = self._worker.id if self._worker else None
        return await self._run(
            lambda: delivery_queue.write_results(self._database, made, circuits, owner=owner)
        )

    async def heartbeat(
        self,
        *,
        release: Collection[int],
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        """Renew, give back, take."""
        me = self._me()
        return await self._run(
            lambda: leases.heartbeat(
                self._database,
                me,
                release=release,
                lapsed_too=lapsed_too,
                stands_back=stands_back,
                latest=latest,
            )
        )

    async def live_workers(self) -> frozenset[str]:
        """The workers that live."""
        return await self._run(lambda: leases.live_workers(self._database))

    async def leave(self) -> None:
        """Give everything back and be gone."""
        me = self._me()
        await self._run(lambda: leases.leave(self._database, me))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()

    def _me(self) -> Worker:
        assert self._worker, "only a worker has leases"  # noqa: S101
        return self._worker

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _known(self, rows: Iterable[WebhookRow]) -> list[WebhookSnapshot]:
        now = self._database.clock.now()
        return [_known(self._box, row, now) for row in rows]


def _known(box: Box, row: WebhookRow, now: Micros) -> WebhookSnapshot:
    if row.deleted_at:
        return WebhookSnapshot(row.id, None, circuits.CLOSED, row.revision)
    circuit = circuits.CLOSED
    if row.circuit == "OPEN":
        circuit = circuits.reopen(row.circuit_message, row.circuit_at or now, row.probe_at or now)
    return WebhookSnapshot(row.id, webhooks.open_webhook(box, row, now), circuit, row.revision)
