"""Supervises the endless loops of a process.

Every loop survives every exception, also Unavailable: it is logged, and the loop is started again
after a pause. A loop that returns all the same is reported, since a process that lacks a loop must
not go on as if it were whole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.observability.outages import log_refusal

RETRY_FIRST_S, RETRY_LAST_S = 0.5, 5.0
FAILING_S = 30.0
"""For so long after a failure a loop counts as failing; then its next one is logged in full."""

Loop = Callable[[], Awaitable[None]]

log = structlog.get_logger()


async def wait_for_event(event: asyncio.Event, at_most_s: float) -> None:
    """Wait for an event, but no longer than that."""
    # Not asyncio.wait_for: before Python 3.12 it can lose the cancellation that ends a loop.
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await event.wait()


@dataclass(slots=True)
class _Supervised:
    """One loop. severity: of its failures."""

    name: str
    severity: Severity
    task: asyncio.Task[None] | None = None
    error: str = ""
    failed_at_s: float = 0.0
    retry_s: float = RETRY_FIRST_S

    @property
    def is_failing(self) -> bool:
        return bool(self.error) and monotonic_s() - self.failed_at_s < FAILING_S


class Tasks:
    """The loops of one process. ended: called with the name of a loop that returned."""

    def __init__(self, ended: Callable[[str], None] = lambda _: None) -> None:
        self._ended = ended
        self._all: list[_Supervised] = []
        self._is_stopping = False

    def spawn(self, name: str, loop: Loop, severity: Severity = Severity.NOT_READY) -> None:
        """Run a loop until `stop`. severity: how much it matters when it fails."""
        one = _Supervised(name, severity)
        one.task = asyncio.create_task(self._keep(one, loop), name=name)
        one.task.add_done_callback(lambda _: self._report_end(one))
        self._all.append(one)

    async def stop(self) -> None:
        """Cancel every loop and wait for it."""
        self._is_stopping = True
        tasks = [one.task for one in self._all if one.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def conditions(self) -> Iterator[Condition]:
        """Loops that fail, and loops that ended."""
        for one in self._all:
            if one.task and one.task.done() and not self._is_stopping:
                yield Condition(ConditionCode.TASK_ENDED, Severity.NOT_ALIVE, {"task": one.name})
            elif one.is_failing:
                params = {"task": one.name, "error": one.error}
                yield Condition(ConditionCode.TASK_FAILING, one.severity, params)

    async def _keep(self, one: _Supervised, loop: Loop) -> None:
        while True:
            try:
                await loop()
            except Unavailable as error:
                log_refusal("a look at the store failed", error, task=one.name)
                await asyncio.sleep(RETRY_FIRST_S)
            except Exception as error:
                self._note(one, error)
                await asyncio.sleep(one.retry_s)
            else:
                return

    def _note(self, one: _Supervised, error: Exception) -> None:
        """Count a failure; log its trace unless the last one was the same kind."""
        name = type(error).__name__
        observability.task_failures_total.labels(one.name).inc()
        if one.is_failing and one.error == name:
            one.retry_s = min(one.retry_s * 2, RETRY_LAST_S)
        else:
            one.retry_s = RETRY_FIRST_S
            log.error("a loop failed and is retried", task=one.name, exc_info=error)
        one.error, one.failed_at_s = name, monotonic_s()

    def _report_end(self, one: _Supervised) -> None:
        if not self._is_stopping:
            log.critical("a loop ended; this process ends too", task=one.name)
            self._ended(one.name)
