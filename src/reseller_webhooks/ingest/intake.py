"""Takes changes in. Large requests have a queue and a thread of their own, so that on PostgreSQL
small ones need not wait for them; an SQLite file has one writer, which both take in turns.
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
"""Changes that may wait; further requests are refused and may be repeated later."""
LARGE_CHANGES, LARGE_BYTES = 100, 256 * 1024
"""A request of more than this takes the store longer than a small one should wait."""


class Intake:
    """Applies requests of changes."""

    def __init__(self, database: Database, public_url: str) -> None:
        self._database = database
        self._public_url = public_url
        self._small = ChangeBatcher("intake", self._apply)
        self._large = ChangeBatcher("intake-large", self._apply)

    def start(self, tasks: Tasks) -> None:
        """Begin to take requests."""
        tasks.spawn("intake", self._small.run)
        tasks.spawn("intake of large requests", self._large.run)

    async def stop(self) -> None:
        """Finish what waits."""
        await self._small.stop()
        await self._large.stop()

    async def submit(self, request: ChangeRequest) -> ChangesAnswer:
        """Apply a request; durable when this returns. Raises what the request breaks."""
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
