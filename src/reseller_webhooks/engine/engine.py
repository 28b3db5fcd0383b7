"""The engine: puts the parts together, listens for what is new, starts and stops."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.conditions import Code, Condition, Severity
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.arrivals import LATE_LOOK_S, Arrivals
from reseller_webhooks.engine.clock_steps import ClockSteps
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.fan_out import FanOut
from reseller_webhooks.engine.leases import Leases
from reseller_webhooks.engine.ownership import Everything
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.scheduler import SLOTS, Scheduler
from reseller_webhooks.engine.tasks import Tasks, wait_for_event
from reseller_webhooks.engine.webhook_changes import WebhookChanges

POLL_S = 0.5
"""Deliveries that another process made are found by looking; a poke only makes it quicker."""
WEBHOOKS_EVERY_S = 0.4
"""How often changed webhooks are looked for: a pause holds within half a second of its commit."""
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
        self._webhooks_changed = False
        self._tasks = Tasks(ended)
        self._turned_at_s = self._polled_at_s = monotonic_s()
        self._webhooks = WebhookChanges(store, self._scheduler, self._owner)
        self._arrivals = Arrivals(store, self._scheduler, self._owner)
        self._fan_out = FanOut(store, self._poked.set)

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
        if unreadable := self._scheduler.lanes.secrets_unreadable:
            yield Condition(Code.SECRETS_UNREADABLE, Severity.DEGRADED, {"count": unreadable})

    def _poll_conditions(self) -> Iterator[Condition]:
        now = monotonic_s()
        if (stuck_s := now - self._turned_at_s) > TURNS_WITHIN_S:
            params: dict[str, str | int] = {"task": POLL, "seconds": round(stuck_s)}
            yield Condition(Code.TASK_STUCK, Severity.NOT_ALIVE, params)
        if (since_s := now - self._polled_at_s) > POLLS_WITHIN_S:
            params = {"seconds": round(since_s)}
            yield Condition(Code.STORE_NOT_POLLED, Severity.NOT_READY, params)

    def poke(self, *, webhooks: bool = True, fan_out: bool = False) -> None:
        """Something was committed; look at once instead of at the next poll. From any thread.

        webhooks: whether those may have changed too, and not only deliveries been made.
        fan_out: whether deliveries are still to be made.
        """
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look, webhooks)
            if fan_out:
                self._loop.call_soon_threadsafe(self._fan_out.wake)

    async def start(self) -> None:
        """Begin; returns once every webhook that is ours is known."""
        self._loop = asyncio.get_running_loop()
        observability.in_flight.set_function(lambda: self._scheduler.in_flight)
        self._scheduler.admission.export()
        observability.partitions.set_function(lambda: len(self._owner.parts))
        observability.unwritten.set_function(lambda: self._recorder.unwritten)
        observability.suspects_itself.set_function(
            lambda: self._scheduler.suspicion.since is not None
        )
        observability.circuits_open.set_function(lambda: self._scheduler.lanes.circuits_open)
        observability.secrets_unreadable.set_function(
            lambda: self._scheduler.lanes.secrets_unreadable
        )
        observability.receiver_clock_skew_seconds.set_function(
            self._scheduler.receiver_clocks.ahead_s
        )
        await self._arrivals.begin()
        await self._webhooks.begin()
        if self._leases:
            await self._leases.beat(self._scheduler)
            self._tasks.spawn("leases", partial(self._leases.run, self._scheduler))
        else:
            await self._scheduler.adopt(self._owner.parts)
        self._turned_at_s = self._polled_at_s = monotonic_s()
        self._tasks.spawn("results", self._recorder.run)
        self._tasks.spawn("scheduler", self._scheduler.run)
        self._tasks.spawn(POLL, self._listen)
        self._tasks.spawn("webhooks", self._follow_webhooks)
        self._tasks.spawn("rescan", self._look_again)
        self._tasks.spawn("sweep", self._look_over)
        self._tasks.spawn("giving up", self._scheduler.abandoned.run)
        self._tasks.spawn("fan-out", self._fan_out.run)
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
            await wait_for_event(self._poked, POLL_S)
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
            self._webhooks_changed = False
            await self._webhooks.learn()
        await self._arrivals.look()

    async def _follow_webhooks(self) -> None:
        """Apart from deliveries, so that neither waits for the other."""
        while True:
            await asyncio.sleep(WEBHOOKS_EVERY_S)
            await self._webhooks.learn()

    async def _look_again(self) -> None:
        """For what a transaction committed late; what is new never waits for this."""
        while True:
            await asyncio.sleep(LATE_LOOK_S)
            await self._arrivals.look_for_late()

    async def _look_over(self) -> None:
        while True:
            await asyncio.sleep(WHOLE_LOOK_S)
            await self._arrivals.compare()
            await self._webhooks.compare()
