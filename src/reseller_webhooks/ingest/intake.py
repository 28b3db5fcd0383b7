"""Accepts change requests; large ones have their own queue and thread.

On PostgreSQL small requests need not wait for large ones; an SQLite file has one writer for both.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.core.messages.requests import CHANGES_WAITING
from reseller_webhooks.ingest.batcher import Answers, ChangeBatcher
from reseller_webhooks.observability import changes_total
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.supervision import Tasks

WAITING_MAX = 20_000
"""Waiting changes above which requests are refused; callers may retry."""
LARGE_CHANGES, LARGE_BYTES = 100, 256 * 1024
"""A larger request takes longer than a small one should wait."""


REFUSAL_HOLDS_S = 5.0
"""A refusal counts so long: a load balancer that asks /readyz may send no request to end it."""
REFUSAL_CAUSES = frozenset({Cause.AWAY, Cause.READ_ONLY, Cause.TABLES, Cause.RIGHTS, Cause.DAMAGED})
"""Causes that every caller meets; a lock may concern a single record."""


class Intake:
    """Applies change requests within the quotas of resellers.

    It notices that the store answers but takes no changes, for example because its disk is full.
    """

    def __init__(self, database: Database, public_url: str, quotas: Quotas) -> None:
        self._database = database
        self._public_url = public_url
        self._quotas = quotas
        self._refused_s: float | None = None
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
        """Apply a request; it is committed when this returns. Raises the request's error.

        QuotaExceeded comes before any transaction.
        """
        self._quotas.admit(request)
        try:
            answer = await self._batcher(request).submit(request)
        except Unavailable as error:
            if error.cause in REFUSAL_CAUSES:
                self._refused_s = monotonic_s()
            raise
        self._refused_s = None
        if not answer.replayed:
            for action, count in Counter(result.action for result in answer.results).items():
                changes_total.labels(action).inc(count)
        return answer

    def conditions(self) -> Iterator[Condition]:
        """Not ready, from a refusal until a change is accepted or REFUSAL_HOLDS_S are over."""
        if self._refused_s is not None and monotonic_s() - self._refused_s < REFUSAL_HOLDS_S:
            yield Condition(ConditionCode.STORE_UNAVAILABLE, Severity.NOT_READY)

    def _batcher(self, request: ChangeRequest) -> ChangeBatcher:
        """The batcher that a request waits in. Unavailable if too many changes wait."""
        if self._small.changes + self._large.changes + len(request.changes) > WAITING_MAX:
            raise Unavailable(CHANGES_WAITING())
        is_large = len(request.changes) > LARGE_CHANGES or request.size > LARGE_BYTES
        return self._large if is_large else self._small

    def _apply(self, requests: Sequence[ChangeRequest]) -> Answers:
        return changes.apply(self._database, requests, public_url=self._public_url)
