"""Runs the maintenance jobs on a timer, in small steps."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.maintenance import MaintenanceJob
from reseller_webhooks.engine.jobs.tombstone_walk import TombstoneWalk
from reseller_webhooks.observability.outages import CAUSES
from reseller_webhooks.operations import generations, maintenance, quotas
from reseller_webhooks.store.db.database import Database

EVERY_S = 60.0
PAUSE_S = 0.2
"""Pause between two batches, so that ingest has the writer most of the time."""
HOUR = 3600 * SECOND
STATEMENT_S = 60.0
"""Time limit of a statement: no caller waits for it, and a day may have millions of rows."""
STEPS_MAX = 100
"""Steps of a job in a round, so that a long job does not delay the others for hours."""

log = structlog.get_logger()


class Maintenance:
    """Deletes old rows, creates day partitions, cancels deliveries of deleted webhooks.

    A failing job is logged when it starts to fail, counted each time, and stops no other job.
    """

    def __init__(self, database: Database, *, retention_days: int, schedule_s: float) -> None:
        self._database = database
        database = database.within(STATEMENT_S)
        self._failing: dict[MaintenanceJob, str] = {}
        self._jobs: Mapping[MaintenanceJob, Callable[[], int]] = {
            MaintenanceJob.CLOCK: self._check_clock,
            MaintenanceJob.GENERATION: lambda: generations.keep_up(database),
            MaintenanceJob.PARTITIONS: lambda: maintenance.turn_day(database),
            MaintenanceJob.CANCELLATIONS: lambda: maintenance.cancel_left(database),
            MaintenanceJob.EXPIRY: lambda: maintenance.expire_deliveries(
                database, retention_days=retention_days, schedule_s=schedule_s
            ),
            MaintenanceJob.EVENTS: lambda: maintenance.drop_events(
                database, retention_days=retention_days
            ),
            MaintenanceJob.HISTORY: lambda: maintenance.drop_history(
                database, retention_days=retention_days
            ),
            MaintenanceJob.TOMBSTONES: TombstoneWalk(database, retention_days=retention_days).step,
            MaintenanceJob.AUDIT: lambda: maintenance.drop_audit(database),
            MaintenanceJob.IDEMPOTENCY: lambda: maintenance.drop_idempotency(database),
            MaintenanceJob.STORED_BYTES: lambda: quotas.count_stored(
                database, retention_days=retention_days
            ),
            MaintenanceJob.ACCESS: lambda: maintenance.drop_expired_access(database),
            MaintenanceJob.SPACE: lambda: maintenance.give_space_back(database),
        }

    async def run(self) -> None:
        """Run all jobs every EVERY_S, forever."""
        while True:
            await self.run_once()
            await asyncio.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Run every job once, even if others fail."""
        for job, step in self._jobs.items():
            try:
                await _until_done(step)
                await asyncio.to_thread(maintenance.note_success, self._database, job)
            except Exception as error:
                await self._failed(job, error)
            else:
                self._succeeded(job)

    def _check_clock(self) -> int:
        gap = maintenance.check_clock(self._database)
        if gap:
            log.warning("the store's clock jumped, or nothing ran", hours=gap // HOUR)
        return 0

    async def _failed(self, job: MaintenanceJob, error: Exception) -> None:
        failure = maintenance.failure_of(error)
        observability.upkeep_failures_total.labels(job.value).inc()
        if isinstance(error, Unavailable) and self._is_outage(error):
            return  # the store logs its outage once
        if self._failing.get(job) != failure:
            log.error("a maintenance job fails", job=job.value, reason=failure)
        self._failing[job] = failure
        with suppress(Unavailable):
            await asyncio.to_thread(maintenance.note_failure, self._database, job, failure)

    def _is_outage(self, error: Unavailable) -> bool:
        return error.cause in CAUSES or self._database.outage.is_active

    def _succeeded(self, job: MaintenanceJob) -> None:
        if self._failing.pop(job, None) is not None:
            log.info("a maintenance job works again", job=job.value)


async def _until_done(step: Callable[[], int]) -> None:
    for _ in range(STEPS_MAX):
        if not await asyncio.to_thread(step):
            return
        await asyncio.sleep(PAUSE_S)
