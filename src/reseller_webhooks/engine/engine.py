"""The engine: puts the parts together, listens for what is new, starts and stops."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import SECOND, monotonic_s
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
from reseller_webhooks.engine.tasks import Tasks

POLL_S = 0.5
"""Deliveries that another process made are found by looking; a poke only makes it quicker."""
PAGES = 20
"""Of deliveries that come along in one look; for the rest their webhooks are scanned."""
SLACK = 10 * SECOND
"""Webhooks are read again for this long, since a transaction may commit later than its time."""
WHOLE_LOOK_S = 60
"""Every so often the whole store is looked over, so that no mistake here can strand a delivery."""
POLL = "poll"
POLLS_WITHIN_S = 10.0
"""A worker that has not looked for new deliveries for so long is not ready."""
TURNS_WITHIN_S = 60.0
"""Longer than the store's calls may last in a turn; then the loop is stuck, and a restart helps."""
PATIENCE_S = 10
"""What is under way may still end when the process is asked to stop."""

log = structlog.get_logger()


class Engine:
    """Sends what is due, as long as it runs.

    leases: how it shares the store with other engines; without, it must be alone there.
    ended: called when a loop of the engine ended, so that the process must end.
    """

    def __init__(
        self,
        store: Store,
        courier: Courier,
        leases: Leases | None = None,
        *,
        slots: int = SLOTS,
        ended: Callable[[str], None] = lambda _: None,
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
        self._tasks = Tasks(ended)
        self._turned_at_s = self._polled_at_s = monotonic_s()

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._scheduler.in_flight

    def conditions(self) -> Iterator[Condition]:
        """What is wrong with it at present."""
        yield from self._tasks.conditions()
        yield from self._poll_conditions()
        yield from self._scheduler.receiver_clocks.conditions()
        if not self._owner.in_time():
            yield Condition(Code.LEASES_NOT_RENEWED, Severity.NOT_READY)
        if self._recorder.is_failing:
            params = {"count": self._recorder.held}
            yield Condition(Code.RESULTS_HELD, Severity.NOT_READY, params)
        if unreadable := self._scheduler.secrets_unreadable:
            yield Condition(Code.SECRETS_UNREADABLE, Severity.DEGRADED, {"count": unreadable})

    def _poll_conditions(self) -> Iterator[Condition]:
        now = monotonic_s()
        if (stuck_s := now - self._turned_at_s) > TURNS_WITHIN_S:
            params: dict[str, str | int] = {"task": POLL, "seconds": round(stuck_s)}
            yield Condition(Code.TASK_STUCK, Severity.NOT_ALIVE, params)
        if (since_s := now - self._polled_at_s) > POLLS_WITHIN_S:
            params = {"seconds": round(since_s)}
            yield Condition(Code.STORE_NOT_POLLED, Severity.NOT_READY, params)

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
        observability.secrets_unreadable.set_function(lambda: self._scheduler.secrets_unreadable)
        observability.receiver_clock_skew_seconds.set_function(
            self._scheduler.receiver_clocks.ahead_s
        )
        await self._begin_at_newest()
        if self._leases:
            await self._leases.beat(self._scheduler)
            self._tasks.spawn("leases", partial(self._leases.run, self._scheduler))
        await self._learn()
        self._turned_at_s = self._polled_at_s = monotonic_s()
        self._tasks.spawn("results", self._recorder.run)
        self._tasks.spawn("scheduler", self._scheduler.run)
        self._tasks.spawn(POLL, self._listen)
        self._tasks.spawn("rescan", self._look_again)
        self._tasks.spawn("sweep", self._look_over)
        self._tasks.spawn("giving up", self._scheduler.abandoned.run)
        clock_steps = ClockSteps(self._store, self._owner, self._scheduler)
        self._tasks.spawn("clock steps", clock_steps.run)

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
        except Exception:
            log.exception("stopped without giving its leases back")
        await self._tasks.stop()

    def _written(self, made: Any) -> None:
        self._scheduler.written(made)

    async def _listen(self) -> None:
        while True:
            # Not wait_for: before Python 3.12 it can lose the cancellation that ends this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._poked.wait()
            self._poked.clear()
            self._turned_at_s = monotonic_s()
            await self._look_once()
            self._polled_at_s = monotonic_s()

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
