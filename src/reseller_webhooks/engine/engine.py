"""The engine: puts the parts together, listens for what is new, starts and stops."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.engine.dispatch.clock_steps import ClockSteps
from reseller_webhooks.engine.dispatch.id_watermark import RESCAN_LATE_S, IdWatermark
from reseller_webhooks.engine.dispatch.scheduler import SLOTS, Scheduler
from reseller_webhooks.engine.dispatch.webhook_changes import WebhookChanges
from reseller_webhooks.engine.jobs.fan_out import FanOut
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.ownership.single_node import SoleOwner
from reseller_webhooks.engine.ports import Ownership, Store
from reseller_webhooks.engine.result_writer import ResultWriter
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.supervision import Tasks, wait_for_event

POLL_S = 0.5
"""Deliveries that another process made are found by looking; a poke only makes it quicker."""
WEBHOOKS_EVERY_S = 0.4
"""How often changed webhooks are looked for: a pause holds within half a second of its commit."""
FULL_SWEEP_S = 60
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
        runner: AttemptRunner,
        leases: Leases | None = None,
        *,
        slots: int = SLOTS,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._runner = runner
        self._leases = leases
        self._owner: Ownership = leases or SoleOwner()
        self._result_writer = ResultWriter(store, self._results_written)
        self._scheduler = Scheduler(store, runner, self._result_writer, self._owner, slots=slots)
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._webhooks_changed = False
        self._tasks = Tasks(ended)
        self._turned_at_s = self._polled_at_s = monotonic_s()
        self._webhooks = WebhookChanges(store, self._scheduler, self._owner)
        self._watermark = IdWatermark(store, self._scheduler, self._owner)
        self._fan_out = FanOut(store, self._woken.set)

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
            yield Condition(ConditionCode.LEASES_NOT_RENEWED, Severity.NOT_READY)
        if self._result_writer.is_failing:
            params = {"count": self._result_writer.held_count}
            yield Condition(ConditionCode.RESULTS_HELD, Severity.NOT_READY, params)
        if unreadable := self._scheduler.queues.secrets_unreadable:
            yield Condition(
                ConditionCode.SECRETS_UNREADABLE, Severity.DEGRADED, {"count": unreadable}
            )

    def _poll_conditions(self) -> Iterator[Condition]:
        now = monotonic_s()
        if (stuck_s := now - self._turned_at_s) > TURNS_WITHIN_S:
            params: dict[str, str | int] = {"task": POLL, "seconds": round(stuck_s)}
            yield Condition(ConditionCode.TASK_STUCK, Severity.NOT_ALIVE, params)
        if (since_s := now - self._polled_at_s) > POLLS_WITHIN_S:
            params = {"seconds": round(since_s)}
            yield Condition(ConditionCode.STORE_NOT_POLLED, Severity.NOT_READY, params)

    def wake(self, *, webhooks: bool = True, fan_out: bool = False) -> None:
        """Something was committed; look at once instead of at the next poll. From any thread.

        webhooks: whether those may have changed too, and not only deliveries been made.
        fan_out: whether deliveries are still to be made.
        """
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, webhooks)
            if fan_out:
                self._loop.call_soon_threadsafe(self._fan_out.wake)

    async def start(self) -> None:
        """Begin; returns once every webhook that is ours is known."""
        self._loop = asyncio.get_running_loop()
        observability.in_flight.set_function(lambda: self._scheduler.in_flight)
        self._scheduler.admission.export()
        observability.partitions.set_function(lambda: len(self._owner.parts))
        observability.unwritten.set_function(lambda: self._result_writer.unwritten)
        observability.suspects_itself.set_function(lambda: self._scheduler.egress.since is not None)
        observability.circuits_open.set_function(lambda: self._scheduler.queues.circuits_open)
        observability.secrets_unreadable.set_function(
            lambda: self._scheduler.queues.secrets_unreadable
        )
        observability.receiver_clock_skew_seconds.set_function(
            self._scheduler.receiver_clocks.ahead_s
        )
        await self._watermark.begin()
        await self._webhooks.begin()
        if self._leases:
            await self._leases.heartbeat(self._scheduler)
            self._tasks.spawn("leases", partial(self._leases.run, self._scheduler))
        else:
            await self._scheduler.acquire(self._owner.parts)
        self._turned_at_s = self._polled_at_s = monotonic_s()
        self._tasks.spawn("results", self._result_writer.run)
        self._tasks.spawn("scheduler", self._scheduler.run)
        self._tasks.spawn(POLL, self._poll_forever)
        self._tasks.spawn("webhooks", self._follow_webhooks)
        self._tasks.spawn("rescan", self._rescan_late)
        self._tasks.spawn("sweep", self._full_sweep)
        self._tasks.spawn("giving up", self._scheduler.dead_receivers.run)
        self._tasks.spawn("fan-out", self._fan_out.run)
        clock_steps = ClockSteps(self._store, self._owner, self._scheduler)
        self._tasks.spawn("clock steps", clock_steps.run)

    async def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Start nothing more, let what is under way end, write its results."""
        await self._scheduler.stop(patience_s)
        try:
            await asyncio.wait_for(self._result_writer.drained(), patience_s)
            if self._leases:
                await asyncio.wait_for(self._leases.leave(), patience_s)
        except TimeoutError:
            log.warning("stopped with results unwritten; their deliveries will be sent again")
        except Unavailable as error:
            log.warning("stopped without giving its leases back", reason=str(error))
        except Exception:
            log.exception("stopped without giving its leases back")
        await self._tasks.stop()

    def _results_written(self, made: Any) -> None:
        self._scheduler.results_written(made)

    async def _poll_forever(self) -> None:
        while True:
            await wait_for_event(self._woken, POLL_S)
            self._woken.clear()
            self._turned_at_s = monotonic_s()
            await self._poll()
            self._polled_at_s = monotonic_s()

    def _wake(self, webhooks: bool) -> None:
        self._webhooks_changed |= webhooks
        self._woken.set()

    async def _poll(self) -> None:
        """What is new does not wait for webhooks, of which others may have changed some."""
        if self._webhooks_changed:
            self._webhooks_changed = False
            await self._webhooks.poll()
        await self._watermark.poll()

    async def _follow_webhooks(self) -> None:
        """Apart from deliveries, so that neither waits for the other."""
        while True:
            await asyncio.sleep(WEBHOOKS_EVERY_S)
            await self._webhooks.poll()

    async def _rescan_late(self) -> None:
        """For what a transaction committed late; what is new never waits for this."""
        while True:
            await asyncio.sleep(RESCAN_LATE_S)
            await self._watermark.rescan_late()

    async def _full_sweep(self) -> None:
        while True:
            await asyncio.sleep(FULL_SWEEP_S)
            await self._watermark.full_sweep()
            await self._webhooks.full_sweep()
