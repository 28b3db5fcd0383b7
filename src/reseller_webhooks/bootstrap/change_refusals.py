"""Notices that the store answers but takes no changes, for example because its disk is full."""

from collections.abc import Awaitable, Callable, Iterator

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer

HOLDS_S = 5.0
"""Time for which a refusal counts: a load balancer that asks /readyz may send no request that
ends it."""
CAUSES = frozenset({Cause.AWAY, Cause.READ_ONLY, Cause.TABLES, Cause.RIGHTS, Cause.DAMAGED})
"""Causes that every caller meets; a lock may concern a single record."""


class ChangeRefusals:
    """Passes change requests on, and remembers when the store last refused a request."""

    def __init__(self, submit: Callable[[ChangeRequest], Awaitable[ChangesAnswer]]) -> None:
        self._submit = submit
        self._refused_s: float | None = None

    async def submit(self, request: ChangeRequest) -> ChangesAnswer:
        """Apply a request of changes; durable when this returns."""
        try:
            answer = await self._submit(request)
        except Unavailable as error:
            if error.cause in CAUSES:
                self._refused_s = monotonic_s()
            raise
        self._refused_s = None
        return answer

    def conditions(self) -> Iterator[Condition]:
        """Not ready, from a refusal until a change is accepted or HOLDS_S are over."""
        if self._refused_s is not None and monotonic_s() - self._refused_s < HOLDS_S:
            yield Condition(ConditionCode.STORE_UNAVAILABLE, Severity.NOT_READY)
