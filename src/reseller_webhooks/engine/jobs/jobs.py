"""Runs background jobs: a turn each when it is due. Any worker may take any turn."""

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
"""A job's turn; then the next one has its turn, of another reseller perhaps."""
PAUSE_MIN_S = 0.01
"""After each step; a longer step is followed by as long a pause, so others have half the time."""

log = structlog.get_logger()


class Jobs:
    """Takes the turns of jobs in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Look for due jobs for ever."""
        is_due = partial(jobs.is_due, self._database)
        await do_when_due(is_due, self._turn, put_off="a job was put off")

    async def _turn(self) -> bool:
        """Whether there was a job to claim."""
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
                return True  # it rests, and comes again by itself
            claimed = after
            await asyncio.sleep(max(monotonic_s() - began_s, PAUSE_MIN_S))
        await asyncio.to_thread(jobs.release, self._database, claimed)
        return True

    async def _step(self, claimed: Job) -> Job | None:
        """The job after a step; None when it is another's now, or cancelled."""
        try:
            return await asyncio.to_thread(jobs.step, self._database, claimed)
        except Unavailable:
            raise
        except Exception:
            log.exception("a step of a job failed", job=claimed.uuid, kind=claimed.kind.value)
            return await asyncio.to_thread(jobs.note_failure, self._database, claimed)
