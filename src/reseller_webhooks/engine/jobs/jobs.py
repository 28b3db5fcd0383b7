"""Runs background jobs in turns. Any worker may run any turn."""

import asyncio
from functools import partial

import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.jobs import Job
from reseller_webhooks.engine.jobs.due_work import do_when_due
from reseller_webhooks.operations import jobs
from reseller_webhooks.store.db.database import Database

TURN_S = 0.5
"""Length of a job's turn; then the next job, perhaps of another reseller, has its turn."""
PAUSE_MIN_S = 0.01
"""Shortest pause after a step; a longer step is followed by a pause of the same length."""

log = structlog.get_logger()


class JobRunner:
    """Runs turns of jobs in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Run due jobs forever."""
        is_due = partial(jobs.is_due, self._database)
        await do_when_due(is_due, self._turn, put_off="a job was put off")

    async def _turn(self) -> bool:
        """Run a turn. Returns whether there was a job to claim."""
        claimed = await asyncio.to_thread(jobs.claim, self._database)
        if claimed is None:
            return False
        ends_s = monotonic_s() + TURN_S
        while monotonic_s() < ends_s:
            began_s = monotonic_s()
            after = await self._step(claimed)
            if after is None or after.is_finished:
                return True
            if after.failures:
                return True  # the job is due again after a delay
            claimed = after
            await asyncio.sleep(max(monotonic_s() - began_s, PAUSE_MIN_S))
        await asyncio.to_thread(jobs.release, self._database, claimed)
        return True

    async def _step(self, claimed: Job) -> Job | None:
        """Run a step. Returns the job, or None if it was cancelled or claimed by another worker."""
        try:
            return await asyncio.to_thread(jobs.step, self._database, claimed)
        except Unavailable:
            raise
        except Exception:
            log.exception("a step of a job failed", job=claimed.uuid, kind=claimed.kind.value)
            return await asyncio.to_thread(jobs.note_failure, self._database, claimed)
