"""Accepts change requests; large ones have their own queue and thread.

On PostgreSQL small requests need not wait for large ones; an SQLite file has one writer for both.
"""

from collections import Counter
from collections.abc import Sequence

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages.requests import CHANGES_WAITING
from reseller_webhooks.ingest.batcher import Answers, ChangeBatcher
from reseller_webhooks.observability import changes_total
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.supervision import Tasks

WAITING_MAX = 20_000
"""Waiting changes above which requests are refused; callers may retry."""
LARGE_CHANGES, LARGE_BYTES = 100, 256 * 1024
"""A larger request takes longer than a small one should wait."""


class Intake:
    """Applies change requests."""

    def __init__(self, database: Database, public_url: str) -> None:
        self._database = database
        self._public_url = public_url
        self._small = ChangeBatcher("intake", self._apply)
        self._large = ChangeBatcher("intake-large", self._apply)

    def start(self, tasks: Tasks) -> None:
        """Start the writers."""
        tasks.spawn("intake", self._small.run)
        tasks.spawn("intake of large requests", self._large.run)

    async def stop(self) -> None:
        """Finish the waiting requests, then stop."""
        await self._small.stop()
        await self._large.stop()

    async def submit(self, request: ChangeRequest) -> ChangesAnswer:
        """Apply a request; it is committed when this returns. Raises the request's error."""
        if self._small.changes + self._large.changes + len(request.changes) > WAITING_MAX:
            raise Unavailable(CHANGES_WAITING())
        is_large = len(request.changes) > LARGE_CHANGES or request.size > LARGE_BYTES
        answer = await (self._large if is_large else self._small).submit(request)
        if not answer.replayed:
            for action, count in Counter(result.action for result in answer.results).items():
                changes_total.labels(action).inc(count)
        return answer

    def _apply(self, requests: Sequence[ChangeRequest]) -> Answers:
        return changes.apply(self._database, requests, public_url=self._public_url)
