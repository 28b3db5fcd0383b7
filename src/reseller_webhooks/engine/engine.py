"""The engine: wires its parts, polls for new deliveries, starts and stops."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import structlog

from reseller_webhooks import observability
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.deliveries.delivery import AttemptResult
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.core.rules import Rule, implements
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
"""Seconds between polls for deliveries of other processes; a wake-up only speeds it up."""
WEBHOOKS_EVERY_S = 0.4
"""Seconds between polls for changed webhooks: a pause takes effect within half a second."""
FULL_SWEEP_S = 60.0
"""Seconds between sweeps of the whole store, so that no bug here can strand a delivery."""
POLL = "poll"
POLLS_WITHIN_S = 10.0
"""A worker that has not polled for this long is not ready."""
TURNS_WITHIN_S = 60.0
"""Longer than any store call of one poll: beyond this the loop is stuck and needs a restart."""
PATIENCE_S = 10
"""Seconds for which requests in flight may go on when the process stops."""

log = structlog.get_logger()


class Engine:
    """Sends due deliveries while it runs.

    leases: divide the store's partitions among engines; None for the only engine of a store.
    ended: called with the name of a loop that ended, after which the process must end.
    others_deliveries: called when this process has made deliveries that other workers send.
    """

    def __init__(
        self,
        store: Store,
        runner: AttemptRunner,
        leases: Leases | None = None,
        *,
        slots: int = SLOTS,
        ended: Callable[[str], None] = lambda _: None,
        others_deliveries: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._runner = runner
        self._others_deliveries = others_deliveries
        self._leases = leases
        self._owner: Ownership = leases or SoleOwner()
        self._result_writer = ResultWriter(store, self._results_written)
        self._scheduler = Scheduler(store, runner, self._result_writer, self._owner, slots=slots)
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._webhooks_changed = False
        self._tasks = Tasks(ended)
        self._loop_alive_at_s = self._polled_at_s = monotonic_s()
        self._webhooks = WebhookChanges(store, self._scheduler, self._owner)
        self._watermark = IdWatermark(store, self._scheduler, self._owner)
        self._fan_out = FanOut(store, self._woken.set)

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return self._scheduler.in_flight

    def conditions(self) -> Iterator[Condition]:
        """Problems of the engine at present."""
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
        if (stuck_s := now - self._loop_alive_at_s) > TURNS_WITHIN_S:
            params: dict[str, str | int] = {"task": POLL, "seconds": round(stuck_s)}
            yield Condition(ConditionCode.TASK_STUCK, Severity.NOT_ALIVE, params)
        if (since_s := now - self._polled_at_s) > POLLS_WITHIN_S:
            params = {"seconds": round(since_s)}
            yield Condition(ConditionCode.STORE_NOT_POLLED, Severity.NOT_READY, params)

    def wake(self, *, webhooks: bool = True, fan_out: bool = False) -> None:
        """Poll now, after a commit, instead of at the next interval. Thread-safe.

        webhooks: whether webhooks may have changed, beside new deliveries.
        fan_out: whether a fan-out was left to steps.
        """
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, webhooks)
            if fan_out:
                self._loop.call_soon_threadsafe(self._fan_out.wake)

    def take_made(self, made: Sequence[DueDelivery], begun_s: float) -> None:
        """Send deliveries that this process has made, without reading them. Thread-safe.

        begun_s: monotonic seconds when their transaction began.
        """
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take_made, made, begun_s)

    def _take_made(self, made: Sequence[DueDelivery], begun_s: float) -> None:
        at = asyncio.get_running_loop().time()
        if not self._scheduler.handed_over.take(made, begun_s, at):
            self._others_deliveries()

    async def start(self) -> None:
        """Start; returns once every webhook of the owned partitions is loaded."""
        self._loop = asyncio.get_running_loop()
        observability.in_flight.set_function(lambda: self._scheduler.in_flight)
        self._scheduler.export_metrics()
        observability.partitions.set_function(lambda: len(self._owner.parts))
        observability.unwritten.set_function(lambda: self._result_writer.unwritten)
        observability.suspects_itself.set_function(lambda: self._scheduler.egress.is_suspected)
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
        self._loop_alive_at_s = self._polled_at_s = monotonic_s()
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
        """Start no more attempts, wait for those in flight, and write their results."""
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

    def _results_written(self, results: Sequence[AttemptResult]) -> None:
        self._scheduler.results_written(results)

    async def _poll_forever(self) -> None:
        while True:
            await wait_for_event(self._woken, POLL_S)
            self._woken.clear()
            self._loop_alive_at_s = monotonic_s()
            await self._poll()
            self._polled_at_s = monotonic_s()

    def _wake(self, webhooks: bool) -> None:
        self._webhooks_changed |= webhooks
        self._woken.set()

    async def _poll(self) -> None:
        """Poll for deliveries; for webhooks only if this process may have changed them."""
        if self._webhooks_changed:
            self._webhooks_changed = False
            await self._webhooks.poll()
        await self._watermark.poll()

    async def _follow_webhooks(self) -> None:
        """A loop of its own, so that webhooks and deliveries do not wait for each other."""
        while True:
            await asyncio.sleep(WEBHOOKS_EVERY_S)
            await self._webhooks.poll()

    @implements(Rule.RESCAN_LATE)
    async def _rescan_late(self) -> None:
        """A loop of its own, so that new deliveries never wait for late commits."""
        while True:
            await asyncio.sleep(RESCAN_LATE_S)
            await self._watermark.rescan_late()

    async def _full_sweep(self) -> None:
        while True:
            await asyncio.sleep(FULL_SWEEP_S)
            await self._watermark.full_sweep()
            await self._webhooks.full_sweep()
