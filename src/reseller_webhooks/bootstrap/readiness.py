"""Readiness with a deadline: a store that hangs makes the check overdue, and blocks no request."""

import asyncio
from concurrent.futures import Future
from threading import Thread

from reseller_webhooks.bootstrap.conditions import Conditions, Source, ask
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity

DEADLINE_S = 4.0
FRESH_S = 1.0
"""Time for which the store's last answer is reused, for any number of requests."""

REFUSING = {
    ConditionCode.STORE_UNAVAILABLE,
    ConditionCode.STORE_DAMAGED,
    ConditionCode.LEASES_NOT_RENEWED,
}
OF_LEASES = {ConditionCode.NO_WORKERS, ConditionCode.PARTITIONS_WITHOUT_OWNER}
"""While the store refuses writes, live workers cannot renew leases; another worker is no help."""


class Readiness:
    """The conditions of this process and, through `check_store`, those of the store."""

    def __init__(self, conditions: Conditions, check_store: Source) -> None:
        self._conditions = conditions
        self._check_store = check_store
        self._check: Future[list[Condition]] | None = None
        self._started_s = 0.0

    async def conditions(self) -> list[Condition]:
        """Everything that is wrong, each thing once, within DEADLINE_S."""
        of_store = await self._of_store()
        own = self._conditions.collect()
        found = [*own, *(condition for condition in of_store if condition not in own)]
        is_refusing = any(condition.code in REFUSING for condition in found)
        return [one for one in found if not (is_refusing and one.code in OF_LEASES)]

    async def _of_store(self) -> list[Condition]:
        check = self._current_check()
        left_s = self._started_s + DEADLINE_S - monotonic_s()
        done, _ = await asyncio.wait([asyncio.wrap_future(check)], timeout=max(0.0, left_s))
        if done:
            return check.result()
        overdue_s = round(monotonic_s() - self._started_s)
        params = {"seconds": overdue_s}
        return [Condition(ConditionCode.STORE_CHECK_OVERDUE, Severity.NOT_READY, params)]

    def _current_check(self) -> Future[list[Condition]]:
        """The check under way, or the last one while it is fresh, or a new one."""
        is_fresh = monotonic_s() - self._started_s < FRESH_S
        if self._check and (is_fresh or not self._check.done()):
            return self._check
        self._started_s = monotonic_s()
        self._check = Future()
        self._check.set_running_or_notify_cancel()  # a caller that hangs up cancels it for nobody
        # A daemon: a store that hangs must not keep the process from ending.
        Thread(target=self._run, args=(self._check,), name="readiness", daemon=True).start()
        return self._check

    def _run(self, check: Future[list[Condition]]) -> None:
        check.set_result(ask(self._check_store))
