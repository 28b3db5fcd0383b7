"""Starts delivery attempts and handles their results."""

import asyncio
import traceback
from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import structlog

from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, State, wait_step
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.admission import Admission
from reseller_webhooks.engine.dispatch.held_back import SLOT_REASONS, HeldBack
from reseller_webhooks.engine.dispatch.start_rules import StartRules
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.ownership.egress_health import PROBE_EVERY_S, EgressHealth
from reseller_webhooks.engine.ports import Ownership
from reseller_webhooks.engine.result_writer import ResultWriter
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner, LeaseLost
from reseller_webhooks.engine.sending.receiver_clocks import ReceiverClocks

BROKEN_S = 60.0
"""Wait after an unexpected exception in an attempt."""

log = structlog.get_logger()


class Slot(NamedTuple):
    """A delivery in a slot. late: whether the queue was overdue when the delivery started."""

    queue: WebhookQueue
    due: DueDelivery
    late: bool


class Dispatcher:
    """Owns the attempts in flight.

    request_scan: called with queues that may need a scan. resume: starts ready deliveries of
    every queue. probe_failed: called with queues whose probe failed.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        result_writer: ResultWriter,
        owner: Ownership,
        timers: TimerHeap,
        *,
        slots: int,
        request_scan: Callable[[WebhookQueue], None],
        resume: Callable[[], None],
        probe_failed: Callable[[WebhookQueue], None],
    ) -> None:
        self.egress = EgressHealth(resume)
        self.receiver_clocks = ReceiverClocks()
        self.admission = Admission(slots, runner.clock.cpu_s, self._start_one)
        self.rules = StartRules(result_writer, owner, self.egress, self.admission, runner.clock.now)
        self._runner = runner
        self._result_writer = result_writer
        self._owner = owner
        self._timers = timers
        self._request_scan = request_scan
        self._probe_failed = probe_failed
        self._running: set[asyncio.Task[None]] = set()
        self._results_full = False
        """True if unwritten results have held a queue back since the last resume."""

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return self.admission.slots.requests

    def results_drained(self) -> bool:
        """True once queues that unwritten results held back may start again."""
        drained = self._results_full and not self._result_writer.is_full
        self._results_full &= not drained
        return drained

    async def stop(self, patience_s: float) -> None:
        """Start no more attempts; wait up to `patience_s` for those in flight, then cancel them."""
        self.rules.stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=patience_s)
        for task in list(self._running):
            task.cancel()

    def start_ready(self, queue: WebhookQueue) -> None:
        """Start every ready delivery that may start now; schedule the next try for the rest."""
        while slot := self._try_start(queue):
            self._spawn(slot)

    def _start_one(self, queue: WebhookQueue) -> None:
        """Start one delivery of a queue whose turn it is."""
        if slot := self._try_start_in_turn(queue):
            self._spawn(slot)

    def _spawn(self, slot: Slot) -> None:
        task = asyncio.create_task(self._run_slot(slot))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _try_start_in_turn(self, queue: WebhookQueue) -> Slot | None:
        """Try to start one delivery; enqueue the queue again if it has more."""
        slot = self._try_start(queue)
        if slot and queue.ready:
            self.admission.enqueue(queue, self._time())
        return slot

    def _try_start(self, queue: WebhookQueue) -> Slot | None:
        """Take a slot for the queue's next delivery, or schedule the next try."""
        if not queue.has_ready:
            return None
        at = self._time()
        reason = self.rules.held_back_by(queue, at)
        if reason is None:
            self.admission.acquire(queue)
            return self._start(queue, at)
        self._try_later(queue, reason, at)
        return None

    def _try_later(self, queue: WebhookQueue, reason: HeldBack, at: float) -> None:
        if reason in SLOT_REASONS:
            self.admission.enqueue(queue, at)
        elif reason is HeldBack.EGRESS:
            self._timers.schedule(at + PROBE_EVERY_S, queue)
        else:
            self._results_full |= reason is HeldBack.RESULTS
            self._timers.schedule(queue.next_start_at(self._runner.clock.now(), at), queue)

    def _start(self, queue: WebhookQueue, at: float) -> Slot:
        self.egress.request_started(queue.webhook.reseller_id, at)
        due = queue.start(at)
        self.admission.delivery_started(queue, len(due.body), at)
        return Slot(queue, due, queue.late)

    async def _run_slot(self, first: Slot) -> None:
        """Make attempts in one slot until no delivery may start."""
        slot: Slot | None = first
        while slot:
            try:
                await self._attempt(slot.queue, slot.due)
            finally:
                self.admission.delivery_ended(slot.queue, len(slot.due.body), late=slot.late)
                slot = self._next_for_slot(slot.queue)
            # Let the loop read all pending responses first: a batch of responses and then a batch
            # of requests costs 10 % less than alternating.
            await asyncio.sleep(0)

    def _next_for_slot(self, queue: WebhookQueue) -> Slot | None:
        """Reuse the slot: for the same queue, else for a waiting queue, else release it."""
        at = self._time()
        if self._may_continue(queue, at):
            slot = self._start(queue, at)
            if queue.circuit.ramp:
                self.start_ready(queue)  # the ramp may have grown by more than one request
            return slot
        self.admission.release(queue)
        if queue.ready:
            self.admission.enqueue(queue, at)
        return self._give_slot_away(at)

    def _give_slot_away(self, at: float) -> Slot | None:
        slot: Slot | None = None
        for queue in self.admission.pop_admitted(at):
            if slot:
                self._start_one(queue)
            else:
                slot = self._try_start_in_turn(queue)
        return slot

    def _may_continue(self, queue: WebhookQueue, at: float) -> bool:
        return (
            queue.has_ready
            and self.rules.held_back_beside_slots(queue, at) is None
            and self.admission.may_keep_slot(queue, at)
        )

    async def _attempt(self, queue: WebhookQueue, due: DueDelivery) -> None:
        try:
            webhook = queue.webhook
            may_send = partial(self._may_send, queue, webhook)
            result = await self._runner.run(webhook, due, queue.part, queue.epoch, may_send)
            if result.attempt.clock_ahead_s is not None:
                self.receiver_clocks.note(queue.host.host, result.attempt.clock_ahead_s)
            if self._counts_for_receiver(queue, result):
                self._update_circuit(queue, result)
                self._result_writer.add(self._result_to_write(queue, result), late=queue.late)
        except LeaseLost:
            queue.postpone(due.delivery.id, self._time())
        except Exception as error:
            _log_error(error)  # a bug here must not strand the delivery
            self._postpone(queue, due.delivery.id, BROKEN_S)
        finally:
            queue.attempt_ended()
        if queue.scan_at <= self._time() and queue.wants_scan:
            self._request_scan(queue)

    @implements(Rule.SEND_CHECK)
    def _may_send(self, queue: WebhookQueue, webhook: Webhook) -> bool:
        """True if the lease and the webhook's settings are those with which the attempt began."""
        holds = self._owner.in_time() and self._owner.epoch(queue.part) == queue.epoch
        return holds and queue.may_send(webhook)

    def _counts_for_receiver(self, queue: WebhookQueue, result: AttemptResult) -> bool:
        """True if the attempt is recorded; an attempt that this worker's network failed is
        postponed."""
        if self.egress.counts_for_receiver(queue.host, result.attempt, self._time()):
            return True
        self._postpone(queue, result.delivery.id, PROBE_EVERY_S)
        return False

    def _postpone(self, queue: WebhookQueue, delivery_id: int, wait_s: float) -> None:
        at = self._time() + wait_s
        queue.postpone(delivery_id, at)
        self._timers.schedule(at, queue)

    @implements(Rule.LATEST_STATE_WAITS)
    def _result_to_write(self, queue: WebhookQueue, result: AttemptResult) -> AttemptResult:
        """The result; a latest-only delivery to a dead receiver keeps waiting past its schedule."""
        is_given_up = result.step.state is State.FAILED
        is_newest = queue.webhook.latest_only
        if not (is_given_up and is_newest and queue.circuit.is_open):
            return result
        runner = self._runner
        return result._replace(step=wait_step(runner.policy.waits_s[-1], now=runner.clock.now()))

    def _update_circuit(self, queue: WebhookQueue, result: AttemptResult) -> None:
        before = queue.circuit
        if result.attempt.accepted and before is circuits.CLOSED:
            return
        clock = self._runner.clock
        wait_s = self._runner.policy.waits_s[0]
        queue.circuit = circuits.after_attempt(
            before, result.attempt, now=clock.now(), chance=clock.chance(), first_wait_s=wait_s
        )
        turned = queue.circuit.is_open != before.is_open
        if turned:
            state = "opened" if queue.circuit.is_open else "closed"
            log.info(
                f"circuit {state}",
                webhook=queue.webhook.uuid,
                reason=str(queue.circuit.reason or ""),
            )
        if turned or _is_to_store(before, queue.circuit):
            self._result_writer.add_circuit(queue.webhook.id, queue.circuit)
        if before.is_open and queue.circuit.is_open:
            self._probe_failed(queue)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # get_running_loop() costs a system call, and the hot path reads the time often.
        return asyncio.get_running_loop().time


def _is_to_store(before: Circuit, after: Circuit) -> bool:
    """True if the stored part of a circuit has changed."""
    names = ("probes", "held_until", "is_gone")
    return any(getattr(before, name) != getattr(after, name) for name in names)


def _log_error(error: Exception) -> None:
    # Only the place: local variables, and so some messages, hold secrets.
    where = traceback.format_tb(error.__traceback__, limit=-3)
    log.error("an attempt broke", error=type(error).__name__, where=where)
