"""A worker process: the real engine on a loop of its own, and what can be done to it."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.engine.sending.token_cache import TokenCache
from tests.simulation.invariants import UNCAUGHT, Watch
from tests.simulation.network import Issuer, Network, Uplink
from tests.simulation.plan import START
from tests.simulation.store import Line, Port
from tests.simulation.virtual_clock import Clockwork, ProcessLoop


class Worker:
    """One process from start to end. Its clocks are a little off."""

    def __init__(
        self,
        name: str,
        virtual_clock: Clockwork,
        line: Line,
        network: Network,
        watch: Watch,
        rng: Random,
    ) -> None:
        self.name = name
        self.is_gone = False
        self.restart_s = 1.0
        self.on_gone: Callable[[], None] = lambda: None
        self._virtual_clock, self._rng = virtual_clock, rng
        self.wall_off = int(rng.uniform(-2, 2) * SECOND)
        self.loop = ProcessLoop(
            virtual_clock, pace=rng.uniform(0.995, 1.005), ahead_s=rng.uniform(0, 1000)
        )
        self.loop.set_exception_handler(self._slipped)
        self._watch = watch
        self.port = Port(line, self.loop, name)
        self.uplink = Uplink(network, watch, self.loop, name)
        plan = line.plan
        self.leases = Leases(
            self.port, ttl_s=plan.ttl_s, hold_s=plan.timeout_s, monotonic_s=self._monotonic_s
        )
        tokens = TokenCache(Issuer(network, self.loop), monotonic_s=self.loop.time)
        policy = RetryPolicy(plan.waits_s)
        runner = AttemptRunner(self.uplink, tokens, self, policy, timeout_s=plan.timeout_s)
        self.engine = Engine(self.port, runner, self.leases, slots=plan.slots)
        virtual_clock.loops.append(self.loop)
        self.loop.create_task(self._run())

    # --- the engine's world

    def now(self) -> Micros:
        return self.leases.clock.now()

    def cpu_s(self) -> float:
        return self.loop.time()  # always busy, so that what is late is held back as much as can be

    def chance(self) -> float:
        return self._rng.random()

    def wall(self) -> Micros:
        """What this machine's clock says."""
        return START + int(self._virtual_clock.now * SECOND) + self.wall_off

    # --- what happens to it

    def poke(self) -> None:
        if not self.is_gone:
            self.engine.wake()

    def take_made(self, made: Sequence[Delivery], began_at: float) -> None:
        """Its process has made these deliveries."""
        if not self.is_gone:
            due = [DueDelivery(one, str(one.id), b"") for one in made]
            self.engine.take_made(due, began_at)

    def freeze(self) -> None:
        self.loop.frozen = True

    def thaw(self) -> None:
        self.loop.frozen = False

    def kill(self) -> None:
        """It is gone from one step to the next, with all that it knew."""
        self.is_gone = self.port.is_gone = self.uplink.is_gone = True
        self._virtual_clock.loops.remove(self.loop)
        self._left_behind = asyncio.all_tasks(self.loop)  # or memory is tidied up as it comes
        self.on_gone()

    def stop(self) -> None:
        """It is asked to end in good order, and is gone when it has."""
        task = self.loop.create_task(self.engine.stop(patience_s=10))
        task.add_done_callback(self._stopped)

    def end(self) -> None:
        """After the run: take it down, starting nothing more."""
        self.is_gone = True
        self.loop.end()

    def _stopped(self, _: asyncio.Task[None]) -> None:
        if not self.is_gone:
            self.kill()

    async def _run(self) -> None:
        try:
            await self.engine.start()
        except Unavailable:
            self.kill()  # as the program does, and whoever watches over it starts it again

    def _monotonic_s(self) -> float:
        return float("inf") if self.is_gone else self.loop.time()

    def _slipped(self, _: Any, context: dict[str, Any]) -> None:
        self._watch.broken(UNCAUGHT, context)
