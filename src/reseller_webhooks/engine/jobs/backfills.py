"""Runs due steps of backfills. Any worker may run any step."""

import asyncio
from functools import partial

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.step_size import next_size
from reseller_webhooks.core.sync.backfills import STEP_MAX, STEP_MIN
from reseller_webhooks.engine.jobs.due_work import do_when_due
from reseller_webhooks.operations import backfills
from reseller_webhooks.operations.backfills import BackfillStep
from reseller_webhooks.store.db.database import Database


class Backfills:
    """Runs backfill steps in this process."""

    def __init__(self, database: Database, *, public_url: str) -> None:
        self._database = database
        self._public_url = public_url
        self._limit = STEP_MIN

    async def run(self) -> None:
        """Run due steps forever. A late step makes up for the delay."""
        is_due = partial(backfills.is_due, self._database)
        await do_when_due(is_due, self._step, put_off="a backfill was put off")

    async def _step(self) -> bool:
        """Run a step. Returns whether another may be due."""
        take = partial(backfills.step, self._database, public_url=self._public_url)
        try:
            step = await asyncio.to_thread(take, limit=self._limit)
        except Unavailable:
            self._limit = max(STEP_MIN, self._limit // 2)
            raise
        if step is None:
            return False
        if step.made:
            self._fit(step)
            # Leave the store at least half of the time, however many backfills are due.
            await asyncio.sleep(step.took_s)
        return True

    def _fit(self, step: BackfillStep) -> None:
        """Fit the limit to the duration; a fast step below the limit says nothing."""
        if step.records == self._limit or step.statements_s > step.target_s:
            self._limit = next_size(
                step.records, step.statements_s, step.target_s, least=STEP_MIN, most=STEP_MAX
            )
