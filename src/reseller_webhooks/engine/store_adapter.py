"""The engine's store: runs operations on threads, so that the event loop never waits for SQL."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest
from reseller_webhooks.core.deliveries.fan_out_rules import FanOutStep
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.sync.due import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.sync.revisions import Revised, Revisions
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.ports import WebhookSnapshot
from reseller_webhooks.operations import delivery_queue, fan_out, leases, revisions, webhooks
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.store.db.database import Database

T = TypeVar("T")
THREADS = 4
STEPS_A_CHECKPOINT = 3
"""Steps of fan-outs between two checkpoints of SQLite: 1,000 pages or so, about 15 ms."""


class StoreAdapter:
    """Implements engine.ports.Store and LeaseStore on a database."""

    def __init__(self, database: Database, box: Box, worker: Worker | None = None) -> None:
        self._database = database
        self._box = box
        self._worker = worker
        self._fan_out_steps = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    async def webhooks(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        """The webhooks of these partitions with decrypted secrets, deleted ones left out."""
        return await self._run(lambda: self._known(revisions.live(self._database, parts)))

    async def webhooks_by_id(self, numbers: Collection[int]) -> list[WebhookSnapshot]:
        """These webhooks with decrypted secrets, including deleted ones."""
        return await self._run(lambda: self._known(revisions.by_id(self._database, numbers)))

    async def webhook_horizon(self) -> Horizon:
        """The horizon of the webhooks' revisions."""
        return await self._run(lambda: revisions.horizon(self._database))

    async def changed_webhooks(self, horizon: Horizon, parts: Collection[int]) -> Revised:
        """Revisions of webhooks of these partitions that may be newer than a horizon."""
        return await self._run(lambda: revisions.revised(self._database, horizon, parts))

    async def revisions(self, parts: Collection[int]) -> Revisions:
        """The revision of every webhook of these partitions."""
        return await self._run(lambda: revisions.every(self._database, parts))

    async def last_delivery(self) -> int:
        """The highest delivery id so far."""
        return await self._run(lambda: delivery_queue.last_delivery(self._database))

    async def new_deliveries(
        self, since: int, parts: Collection[int], *, include_due: bool
    ) -> NewDeliveries:
        """New deliveries with ids above `since`."""
        return await self._run(
            lambda: delivery_queue.new_deliveries(
                self._database, since, parts=parts, include_due=include_due
            )
        )

    async def due_late_commits(self, horizon: Horizon, newest: int) -> DueIds:
        """Due deliveries with ids up to `newest` that may have been committed since a horizon."""
        return await self._run(
            lambda: delivery_queue.due_late_commits(self._database, horizon, newest)
        )

    async def first_due_s(self) -> dict[int, float]:
        """Seconds until the first unfinished delivery of each webhook is due."""
        return await self._run(lambda: delivery_queue.first_due_s(self._database))

    async def pull_back(self, parts: Collection[int]) -> set[int]:
        """Shorten waits that a step of the store's clock has lengthened."""
        return await self._run(lambda: delivery_queue.pull_back(self._database, parts))

    async def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        """The due deliveries for each request."""
        return await self._run(lambda: delivery_queue.scan(self._database, asks))

    async def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros) -> int:
        """Close a batch of deliveries to a dead receiver; returns the count."""
        owner = self._worker.id if self._worker else None
        return await self._run(
            lambda: delivery_queue.give_up(self._database, webhook_id, lease, before, owner=owner)
        )

    async def fan_out(self, after: int, limit: int) -> FanOutStep | None:
        """Write about `limit` deliveries of a pending fan-out."""
        step = await self._run(lambda: fan_out.step(self._database, after, limit))
        self._fan_out_steps += 1 if step and step.events else 0
        if self._fan_out_steps >= STEPS_A_CHECKPOINT:
            self._fan_out_steps = 0
            await self._run(self._database.checkpoint)
        return step

    async def write_results(
        self, results: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        """Write results of attempts and changed circuits; returns how many were refused."""
        owner = self._worker.id if self._worker else None
        return await self._run(
            lambda: delivery_queue.write_results(self._database, results, circuits, owner=owner)
        )

    async def heartbeat(
        self,
        *,
        release: Collection[int],
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        """Renew, release and take leases."""
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
        """The live workers."""
        return await self._run(lambda: leases.live_workers(self._database))

    async def leave(self) -> None:
        """Release all leases and sign off."""
        me = self._me()
        await self._run(lambda: leases.leave(self._database, me))

    def close(self) -> None:
        """Stop the threads."""
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
    if row.held_until and row.held_until > now:
        circuit = replace(circuit, held_until=row.held_until)
    return WebhookSnapshot(row.id, webhooks.open_webhook(box, row, now), circuit, row.revision)
