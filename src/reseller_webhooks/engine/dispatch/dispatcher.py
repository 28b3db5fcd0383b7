"""Starts attempts, as far as there is a slot and the queue may, and judges what comes of them."""

import asyncio
import traceback
from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import structlog

from reseller_webhooks.core.deliveries import circuit as circuits
from reseller_webhooks.core.deliveries.delivery import AttemptResult, State, wait_step
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.admission import Admission
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ownership.egress_health import PROBE_EVERY_S, EgressHealth
from reseller_webhooks.engine.ports import Ownership
from reseller_webhooks.engine.result_writer import ResultWriter
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner, LeaseLost
from reseller_webhooks.engine.sending.receiver_clocks import ReceiverClocks

BROKEN_S = 60.0
"""Until what broke for a mistake of ours is tried again."""

log = structlog.get_logger()


class Slot(NamedTuple):
    """What a slot is used for. late: as it started; its queue may be in time by now."""

    queue: WebhookQueue
    due: DueDelivery
    late: bool


class Dispatcher:
    """Owns what is under way.

    hungry: told of queues that may want a scan. resume: serve every queue.
    probe_failed: told of queues whose circuit stays open.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        result_writer: ResultWriter,
        owner: Ownership,
        timers: TimerHeap,
        *,
        slots: int,
        hungry: Callable[[WebhookQueue], None],
        resume: Callable[[], None],
        probe_failed: Callable[[WebhookQueue], None],
    ) -> None:
        self.egress = EgressHealth(resume)
        self.receiver_clocks = ReceiverClocks()
        self.admission = Admission(slots, runner.world.cpu_s, self._serve_once)
        self._runner = runner
        self._result_writer = result_writer
        self._owner = owner
        self._timers = timers
        self._request_scan = hungry
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
        return self._held_up and not self._result_writer.is_full

    async def stop(self, patience_s: float) -> None:
        """Start nothing more and wait for what is under way, but no longer than that."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=patience_s)
        for task in list(self._running):
            task.cancel()

    def serve(self, queue: WebhookQueue) -> None:
        """Start what the queue may start now, and note when it may start more."""
        while use := self._begin(queue):
            self._run(use)

    def _serve_once(self, queue: WebhookQueue) -> None:
        """Start one delivery of a queue whose turn it is."""
        if use := self._begin_turn(queue):
            self._run(use)

    def _run(self, use: Slot) -> None:
        task = asyncio.create_task(self._work(use))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _begin_turn(self, queue: WebhookQueue) -> Slot | None:
        """As `_begin`, of a queue whose turn it is; it waits for another turn if it has more."""
        use = self._begin(queue)
        if use and queue.ready:
            self.admission.wait(queue, self._time())
        return use

    def _begin(self, queue: WebhookQueue) -> Slot | None:
        """Take a slot for the queue's next delivery; if none may start, schedule its turn."""
        if not queue.ready:
            return None
        at = self._time()
        if not self.admission.admits(queue, at):
            return None
        if not self._may_start(queue, at):
            self._timers.schedule(self._held_back_until(queue, at), queue)
            return None
        self.admission.take(queue)
        return self._start(queue, at)

    def _held_back_until(self, queue: WebhookQueue, at: float) -> float:
        if self.egress.since is not None:
            return at + PROBE_EVERY_S
        return queue.held_back_until(self._runner.world.now(), at)

    def _may_start(self, queue: WebhookQueue, at: float) -> bool:
        self._held_up = self._result_writer.is_full
        if self._stopping or self._held_up or not self._owner.in_time():
            return False
        # Only an open circuit goes by the wall clock.
        now = self._runner.world.now() if queue.circuit.is_open else 0
        reseller = queue.webhook.reseller_id
        return self.egress.may_start(reseller, at) and queue.can_start(now, at)

    def _start(self, queue: WebhookQueue, at: float) -> Slot:
        self.egress.started(queue.webhook.reseller_id, at)
        due = queue.start(at)
        self.admission.started(queue, len(due.body), at)
        return Slot(queue, due, queue.late)

    async def _work(self, first: Slot) -> None:
        """Hold a slot: one attempt after the other, as long as anything may start."""
        use: Slot | None = first
        while use:
            try:
                await self._attempt(use.queue, use.due)
            finally:
                self.admission.ended(use.queue, len(use.due.body), late=use.late)
                use = self._next(use.queue)
            # Not before all that has come meanwhile was looked at: many answers in one go, and
            # then many requests, cost a tenth less than one after the other.
            await asyncio.sleep(0)

    def _next(self, queue: WebhookQueue) -> Slot | None:
        """What the queue's slot is for now: more of the queue, or one that waits, or nothing."""
        at = self._time()
        if queue.ready and self._may_start(queue, at) and self.admission.keeps(queue, at):
            use = self._start(queue, at)
            if queue.circuit.ramp:
                self.serve(queue)  # a receiver that recovers is allowed more and more
            return use
        self.admission.give_back(queue)
        if queue.ready:
            self.admission.wait(queue, at)
        return self._reuse_slot(at)

    def _reuse_slot(self, at: float) -> Slot | None:
        """A slot is free: the next of the waiting queues may start."""
        use: Slot | None = None
        for queue in self.admission.turns(at):
            if use:
                self._serve_once(queue)
            else:
                use = self._begin_turn(queue)
        return use

    async def _attempt(self, queue: WebhookQueue, due: DueDelivery) -> None:
        try:
            webhook = queue.webhook
            may = partial(self._may_send, queue, webhook)
            made = await self._runner.run(webhook, due, queue.part, queue.epoch, may)
            if made.attempt.clock_ahead_s is not None:
                self.receiver_clocks.note(queue.host.host, made.attempt.clock_ahead_s)
            if self._counts_for_receiver(queue, made):
                self._judge(queue, made)
                self._result_writer.add(self._to_record(queue, made), late=queue.late)
        except LeaseLost:
            queue.postpone(due.delivery.id, self._time())
        except Exception as error:
            _log_error(error)  # a mistake of ours must not strand what it befell
            self._postpone(queue, due.delivery.id, BROKEN_S)
        finally:
            queue.attempt_ended()
        if queue.scan_at <= self._time() and queue.wants_scan:
            self._request_scan(queue)

    def _may_send(self, queue: WebhookQueue, webhook: Webhook) -> bool:
        """Whether the lease holds, and the settings with which the attempt began."""
        holds = self._owner.in_time() and self._owner.epoch(queue.part) == queue.epoch
        return holds and queue.may_send(webhook)

    def _counts_for_receiver(self, queue: WebhookQueue, made: AttemptResult) -> bool:
        """Whether an attempt is the receiver's, or came to nothing for a fault of our own."""
        if self.egress.counts_for_receiver(queue.host, made.attempt, self._time()):
            return True
        self._postpone(queue, made.delivery.id, PROBE_EVERY_S)
        return False

    def _postpone(self, queue: WebhookQueue, delivery_id: int, wait_s: float) -> None:
        at = self._time() + wait_s
        queue.postpone(delivery_id, at)
        self._timers.schedule(at, queue)

    def _to_record(self, queue: WebhookQueue, made: AttemptResult) -> AttemptResult:
        """What is written: the newest state waits for a dead receiver, beyond its schedule."""
        is_given_up = made.step.state is State.FAILED
        is_newest = queue.webhook.latest_only
        if not (is_given_up and is_newest and queue.circuit.is_open):
            return made
        runner = self._runner
        return made._replace(step=wait_step(runner.policy.waits_s[-1], now=runner.world.now()))

    def _judge(self, queue: WebhookQueue, made: AttemptResult) -> None:
        before = queue.circuit
        if made.attempt.accepted and before is circuits.CLOSED:
            return
        world = self._runner.world
        wait_s = self._runner.policy.waits_s[0]
        queue.circuit = circuits.after_attempt(
            before, made.attempt, now=world.now(), chance=world.chance(), first_wait_s=wait_s
        )
        turned = queue.circuit.is_open != before.is_open
        if turned:
            state = "opened" if queue.circuit.is_open else "closed"
            log.info(
                f"circuit {state}",
                webhook=queue.webhook.uuid,
                reason=str(queue.circuit.reason or ""),
            )
        if turned or queue.circuit.probes != before.probes:
            self._result_writer.add_circuit(queue.webhook.id, queue.circuit)
        if before.is_open and queue.circuit.is_open:
            self._probe_failed(queue)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # Asking for the running loop costs a system call, and the time is asked for all the time.
        return asyncio.get_running_loop().time


def _log_error(error: Exception) -> None:
    # Only where it happened: the values in the frames, and so in some messages, are secret.
    where = traceback.format_tb(error.__traceback__, limit=-3)
    log.error("an attempt broke", error=type(error).__name__, where=where)
