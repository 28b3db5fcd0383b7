"""The engine: puts the parts together, listens for what is new, starts and stops."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.ports import Store
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.scheduler import SLOTS, Scheduler

POLL_S = 0.5
"""Deliveries that another process made are found by looking; a poke only makes it quicker."""
SLACK = 10 * SECOND
"""Webhooks are read again for this long, since a transaction may commit later than its time."""
WHOLE_LOOK_S = 60
"""Every so often the whole store is looked over, so that no mistake here can strand a delivery."""
PATIENCE_S = 10
"""What is under way may still end when the process is asked to stop."""

log = structlog.get_logger()


class Engine:
    """Sends what is due, as long as it runs. Only one may run on a store at a time."""

    def __init__(self, store: Store, courier: Courier, *, slots: int = SLOTS) -> None:
        self._store = store
        self._courier = courier
        self._recorder = Recorder(store, self._written)
        self._scheduler = Scheduler(store, courier, self._recorder, slots=slots)
        self._poked = asyncio.Event()
        self._webhooks_since = 0
        self._deliveries_since = 0
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._scheduler.in_flight

    @property
    def ailing(self) -> str:
        """Why it does not send, or nothing."""
        ended = any(task.done() for task in self._tasks)
        if ended:
            return "a part of the engine ended; see the log, and restart this process"
        return self._recorder.ailing

    def poke(self) -> None:
        """Something was committed; look at once instead of at the next poll."""
        self._poked.set()

    async def start(self) -> None:
        """Begin; returns once every webhook is known."""
        observability.in_flight.set_function(lambda: self._scheduler.in_flight)
        observability.unwritten.set_function(lambda: self._recorder.unwritten)
        observability.circuits_open.set_function(lambda: self._scheduler.circuits_open)
        await self._learn()
        self._deliveries_since, _ = await self._store.arrivals(0)
        self._spawn(self._recorder.run())
        self._spawn(self._scheduler.run())
        self._spawn(self._listen())
        self._spawn(self._look_over())

    async def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Start nothing more, let what is under way end, write its results."""
        await self._scheduler.stop(patience_s)
        try:
            await asyncio.wait_for(self._recorder.drained(), patience_s)
        except TimeoutError:
            log.warning("stopped with results unwritten; their deliveries will be sent again")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self._tasks.append(task)

    def _written(self, made: Any) -> None:
        self._scheduler.written(made)

    async def _listen(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), POLL_S)
            self._poked.clear()
            try:
                await self._learn()
                self._deliveries_since, told = await self._store.arrivals(self._deliveries_since)
            except Unavailable as error:
                log.warning("the store does not answer", reason=str(error))
                await asyncio.sleep(POLL_S)
                continue
            self._scheduler.tell(told)

    async def _learn(self) -> None:
        now = self._courier.world.now()
        self._scheduler.learn(await self._store.webhooks(self._webhooks_since))
        self._webhooks_since = now - SLACK

    async def _look_over(self) -> None:
        while True:
            await asyncio.sleep(WHOLE_LOOK_S)
            try:
                self._scheduler.look(await self._store.waiting())
            except Unavailable as error:
                log.warning("the store does not answer", reason=str(error))


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a part of the engine ended", exc_info=error)
