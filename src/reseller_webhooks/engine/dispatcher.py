"""Starts attempts, as far as there is a slot and the lane may, and judges what comes of them."""

import asyncio
import traceback
from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import structlog

from reseller_webhooks.core import circuit as circuits
from reseller_webhooks.core.delivery import Made, State, wait_step
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.webhooks import Webhook
from reseller_webhooks.engine.admission import Admission
from reseller_webhooks.engine.agenda import Agenda
from reseller_webhooks.engine.courier import Courier, Overtaken
from reseller_webhooks.engine.lane import Lane
from reseller_webhooks.engine.ports import Ownership
from reseller_webhooks.engine.receiver_clocks import ReceiverClocks
from reseller_webhooks.engine.recorder import Recorder
from reseller_webhooks.engine.suspicion import PROBE_EVERY_S, Suspicion

BROKEN_S = 60.0
"""Until what broke for a mistake of ours is tried again."""

log = structlog.get_logger()


class Use(NamedTuple):
    """What a slot is used for. late: as it started; its lane may be in time by now."""

    lane: Lane
    due: Due
    late: bool


class Dispatcher:
    """Owns what is under way.

    hungry: told of lanes that may want a scan. resume: serve every lane.
    probe_failed: told of lanes whose circuit stays open.
    """

    def __init__(
        self,
        courier: Courier,
        recorder: Recorder,
        owner: Ownership,
        agenda: Agenda,
        *,
        slots: int,
        hungry: Callable[[Lane], None],
        resume: Callable[[], None],
        probe_failed: Callable[[Lane], None],
    ) -> None:
        self.suspicion = Suspicion(resume)
        self.receiver_clocks = ReceiverClocks()
        self.admission = Admission(slots, courier.world.cpu_s, self._serve_once)
        self._courier = courier
        self._recorder = recorder
        self._owner = owner
        self._agenda = agenda
        self._hungry = hungry
        self._probe_failed = probe_failed
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._held_up = False

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self.admission.slots.requests

    @property
    def may_go_on(self) -> bool:
        """Whether something was not started for want of room for results, and there is room now."""
        return self._held_up and not self._recorder.is_full

    async def stop(self, patience_s: float) -> None:
        """Start nothing more and wait for what is under way, but no longer than that."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=patience_s)
        for task in list(self._running):
            task.cancel()

    def serve(self, lane: Lane) -> None:
        """Start what the lane may start now, and note when it may start more."""
        while use := self._begin(lane):
            self._run(use)

    def _serve_once(self, lane: Lane) -> None:
        """Start one delivery of a lane whose turn it is."""
        if use := self._begin_turn(lane):
            self._run(use)

    def _run(self, use: Use) -> None:
        task = asyncio.create_task(self._work(use))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _begin_turn(self, lane: Lane) -> Use | None:
        """As `_begin`, of a lane whose turn it is; it waits for another turn if it has more."""
        use = self._begin(lane)
        if use and lane.ready:
            self.admission.wait(lane, self._time())
        return use

    def _begin(self, lane: Lane) -> Use | None:
        """A slot for what the lane may start now; if nothing, it is noted or waits until it may."""
        if not lane.ready:
            return None
        at = self._time()
        if not self.admission.admits(lane, at):
            return None
        if not self._may_start(lane, at):
            self._agenda.add(self._held_back_until(lane, at), lane)
            return None
        self.admission.take(lane)
        return self._start(lane, at)

    def _held_back_until(self, lane: Lane, at: float) -> float:
        if self.suspicion.since is not None:
            return at + PROBE_EVERY_S
        return lane.held_back_until(self._courier.world.now(), at)

    def _may_start(self, lane: Lane, at: float) -> bool:
        self._held_up = self._recorder.is_full
        if self._stopping or self._held_up or not self._owner.in_time():
            return False
        # Only an open circuit goes by the wall clock.
        now = self._courier.world.now() if lane.circuit.is_open else 0
        reseller = lane.webhook.reseller_id
        return self.suspicion.may_start(reseller, at) and lane.can_start(now, at)

    def _start(self, lane: Lane, at: float) -> Use:
        self.suspicion.started(lane.webhook.reseller_id, at)
        due = lane.start(at)
        self.admission.started(lane, len(due.body), at)
        return Use(lane, due, lane.late)

    async def _work(self, first: Use) -> None:
        """Hold a slot: one attempt after the other, as long as anything may start."""
        use: Use | None = first
        while use:
            try:
                await self._attempt(use.lane, use.due)
            finally:
                self.admission.ended(use.lane, len(use.due.body), late=use.late)
                use = self._next(use.lane)
            # Not before all that has come meanwhile was looked at: many answers in one go, and
            # then many requests, cost a tenth less than one after the other.
            await asyncio.sleep(0)

    def _next(self, lane: Lane) -> Use | None:
        """What the lane's slot is for now: more of the lane, or one that waits, or nothing."""
        at = self._time()
        if lane.ready and self._may_start(lane, at) and self.admission.keeps(lane, at):
            use = self._start(lane, at)
            if lane.circuit.ramp:
                self.serve(lane)  # a receiver that recovers is allowed more and more
            return use
        self.admission.give_back(lane)
        if lane.ready:
            self.admission.wait(lane, at)
        return self._pass_on(at)

    def _pass_on(self, at: float) -> Use | None:
        """A slot is free: the next of the waiting lanes may start."""
        use: Use | None = None
        for lane in self.admission.turns(at):
            if use:
                self._serve_once(lane)
            else:
                use = self._begin_turn(lane)
        return use

    async def _attempt(self, lane: Lane, due: Due) -> None:
        try:
            webhook = lane.webhook
            may = partial(self._may_leave, lane, webhook)
            made = await self._courier.attempt(webhook, due, lane.part, lane.epoch, may)
            if made.attempt.clock_ahead_s is not None:
                self.receiver_clocks.note(lane.witness.host, made.attempt.clock_ahead_s)
            if self._counts(lane, made):
                self._judge(lane, made)
                self._recorder.add(self._kept(lane, made), late=lane.late)
        except Overtaken:
            lane.put_back(due.delivery.id, self._time())
        except Exception as error:
            _tell_of(error)  # a mistake of ours must not strand what it befell
            self._try_later(lane, due.delivery.id, BROKEN_S)
        finally:
            lane.ended()
        if lane.look_at <= self._time() and lane.wants:
            self._hungry(lane)

    def _may_leave(self, lane: Lane, webhook: Webhook) -> bool:
        """Whether the lease holds, and the settings with which the attempt began."""
        holds = self._owner.in_time() and self._owner.epoch(lane.part) == lane.epoch
        return holds and lane.may_leave(webhook)

    def _counts(self, lane: Lane, made: Made) -> bool:
        """Whether an attempt is the receiver's, or came to nothing for a fault of our own."""
        if self.suspicion.counts(lane.witness, made.attempt, self._time()):
            return True
        self._try_later(lane, made.delivery.id, PROBE_EVERY_S)
        return False

    def _try_later(self, lane: Lane, delivery_id: int, wait_s: float) -> None:
        at = self._time() + wait_s
        lane.put_back(delivery_id, at)
        self._agenda.add(at, lane)

    def _kept(self, lane: Lane, made: Made) -> Made:
        """What is written: the newest state waits for a dead receiver, beyond its schedule."""
        is_given_up = made.step.state is State.FAILED
        is_newest = lane.webhook.latest_only
        if not (is_given_up and is_newest and lane.circuit.is_open):
            return made
        courier = self._courier
        return made._replace(step=wait_step(courier.policy.waits_s[-1], now=courier.world.now()))

    def _judge(self, lane: Lane, made: Made) -> None:
        before = lane.circuit
        if made.attempt.accepted and before is circuits.CLOSED:
            return
        world = self._courier.world
        wait_s = self._courier.policy.waits_s[0]
        lane.circuit = circuits.after_attempt(
            before, made.attempt, now=world.now(), chance=world.chance(), first_wait_s=wait_s
        )
        turned = lane.circuit.is_open != before.is_open
        if turned:
            state = "opened" if lane.circuit.is_open else "closed"
            log.info(f"circuit {state}", webhook=lane.webhook.uuid, reason=lane.circuit.reason)
        if turned or lane.circuit.probes != before.probes:
            self._recorder.add_circuit(lane.webhook.id, lane.circuit)
        if before.is_open and lane.circuit.is_open:
            self._probe_failed(lane)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # Asking for the running loop costs a system call, and the time is asked for all the time.
        return asyncio.get_running_loop().time


def _tell_of(error: Exception) -> None:
    # Only where it happened: the values in the frames, and so in some messages, are secret.
    where = traceback.format_tb(error.__traceback__, limit=-3)
    log.error("an attempt broke", error=type(error).__name__, where=where)
