"""The engine: puts the parts together, listens for what is new, starts and stops."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from math import inf
from typing import Any

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.conditions import Code, Condition, Severity
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.arrivals import AGAIN_S, LATE_S, Arrivals
from reseller_webhooks.engine.clock_steps import ClockSteps
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.leases import Leases
from reseller_webhooks.engine.ownership import Everything
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.scheduler import SLOTS, Scheduler

POLL_S = 0.5
"""Deliveries that another process made are found by looking; a poke only makes it quicker."""
PAGES = 20
"""Of deliveries that come along in one look; for the rest their webhooks are scanned."""
SLACK = 10 * SECOND
"""Webhooks are read again for this long, since a transaction may commit later than its time."""
WHOLE_LOOK_S = 60
"""Every so often the whole store is looked over, so that no mistake here can strand a delivery."""
PATIENCE_S = 10
"""What is under way may still end when the process is asked to stop."""

log = structlog.get_logger()


class Engine:
    """Sends what is due, as long as it runs.

    leases: how it shares the store with other engines; without, it must be alone there.
    """

    def __init__(
        self, store: Store, courier: Courier, leases: Leases | None = None, *, slots: int = SLOTS
    ) -> None:
        self._store = store
        self._courier = courier
        self._leases = leases
        self._owner: Ownership = leases or Everything()
        self._recorder = Recorder(store, self._written)
        self._scheduler = Scheduler(store, courier, self._recorder, self._owner, slots=slots)
        self._poked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._webhooks_since = 0
        self._webhooks_changed = False
        self._learn_at = -inf
        self._arrivals = Arrivals()
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._scheduler.in_flight

    def conditions(self) -> Iterator[Condition]:
        """What is wrong with it at present."""
        if any(task.done() for task in self._tasks):
            yield Condition(Code.TASK_ENDED, Severity.NOT_ALIVE, {"task": "a part of the engine"})
        if not self._owner.in_time():
            yield Condition(Code.LEASES_NOT_RENEWED, Severity.NOT_READY)
        if self._recorder.is_failing:
            params = {"count": self._recorder.held}
            yield Condition(Code.RESULTS_HELD, Severity.NOT_READY, params)

    def poke(self, *, webhooks: bool = True) -> None:
        """Something was committed; look at once instead of at the next poll. From any thread.

        webhooks: whether those may have changed too, and not only deliveries been made.
        """
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look, webhooks)

    async def start(self) -> None:
        """Begin; returns once every webhook that is ours is known."""
        self._loop = asyncio.get_running_loop()
        observability.in_flight.set_function(lambda: self._scheduler.in_flight)
        observability.partitions.set_function(lambda: len(self._owner.parts))
        observability.unwritten.set_function(lambda: self._recorder.unwritten)
        observability.suspects_itself.set_function(
            lambda: self._scheduler.suspicion.since is not None
        )
        observability.circuits_open.set_function(lambda: self._scheduler.circuits_open)
        await self._begin_at_newest()
        if self._leases:
            await self._leases.beat(self._scheduler)
            self._spawn(self._leases.run(self._scheduler))
        await self._learn()
        self._spawn(self._recorder.run())
        self._spawn(self._scheduler.run())
        self._spawn(self._listen())
        self._spawn(self._look_again())
        self._spawn(self._look_over())
        self._spawn(ClockSteps(self._store, self._owner, self._scheduler).run())

    async def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Start nothing more, let what is under way end, write its results."""
        await self._scheduler.stop(patience_s)
        try:
            await asyncio.wait_for(self._recorder.drained(), patience_s)
            if self._leases:
                await asyncio.wait_for(self._leases.leave(), patience_s)
        except TimeoutError:
            log.warning("stopped with results unwritten; their deliveries will be sent again")
        except Unavailable as error:
            log.warning("stopped without giving its leases back", reason=str(error))
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
            # Not wait_for: before Python 3.12 it can lose the cancellation that ends this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._poked.wait()
            self._poked.clear()
            try:
                await self._look_once()
            except Unavailable as error:
                log.warning("the store does not answer", reason=str(error))
                await asyncio.sleep(POLL_S)
                continue

    def _look(self, webhooks: bool) -> None:
        self._webhooks_changed |= webhooks
        self._poked.set()

    async def _look_once(self) -> None:
        """What is new does not wait for webhooks, of which others may have changed some."""
        if self._webhooks_changed:
            await self._learn()
        await self._arrived()
        if asyncio.get_running_loop().time() >= self._learn_at:
            await self._learn()

    async def _learn(self) -> None:
        now = self._courier.world.now()
        self._webhooks_changed = False
        self._learn_at = asyncio.get_running_loop().time() + POLL_S
        known = await self._store.webhooks(self._webhooks_since, self._owner.parts)
        self._scheduler.learn(known)
        self._webhooks_since = now - SLACK

    async def _begin_at_newest(self) -> None:
        """What is there by now is found by scanning every webhook once."""
        settled, newest = await self._store.numbers(int(LATE_S * SECOND))
        self._arrivals = Arrivals(settled)
        self._arrivals.note(newest, asyncio.get_running_loop().time())

    async def _arrived(self) -> None:
        newest = await self._look_above(self._arrivals.newest)
        self._arrivals.note(newest, asyncio.get_running_loop().time())

    async def _look_again(self) -> None:
        """For what a transaction committed late, below numbers seen; what is new never waits."""
        while True:
            await asyncio.sleep(AGAIN_S)
            since, upto = self._arrivals.settled, self._arrivals.newest
            if since == upto:
                continue
            began = asyncio.get_running_loop().time()
            try:
                await self._look_between(since, upto)
            except Unavailable as error:
                log.warning("the store does not answer", reason=str(error))
            else:
                self._arrivals.settle(began)

    async def _look_above(self, since: int) -> int:
        """Hand on deliveries with higher numbers; the highest of all."""
        for left in reversed(range(PAGES)):
            asked_at = asyncio.get_running_loop().time()
            with self._scheduler.looking() as written:
                found = await self._store.arrivals(since, self._owner.parts, bring=left > 0)
                self._scheduler.bring(found.due, asked_at, written)
            self._scheduler.tell(found.told)
            since = found.upto
            if not found.more:
                break
        return since

    async def _look_between(self, since: int, upto: int) -> None:
        with self._scheduler.looking() as written:
            found = await self._store.named(since, upto)
            self._scheduler.recall(found.due, written)
        if found.more:
            rest = await self._store.arrivals(found.upto, self._owner.parts, bring=False)
            self._scheduler.tell(rest.told)

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
