"""Decides which webhook queues to scan, and when.

Every webhook has its own queue, so a dead receiver delays no other. A queue is scanned only when it
has room and the store may have due deliveries for it. dispatcher.py starts them.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from contextlib import AbstractContextManager
from functools import cached_property

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.sync.due import ScanResult
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.dead_receivers import DeadReceivers
from reseller_webhooks.engine.dispatch.dispatcher import Dispatcher
from reseller_webhooks.engine.dispatch.handed_over import HandedOver
from reseller_webhooks.engine.dispatch.prefetch_budget import PrefetchBudget
from reseller_webhooks.engine.dispatch.reads_in_flight import ReadsInFlight
from reseller_webhooks.engine.dispatch.scanner import Scanner
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.unreadable_secrets import SecretChanges
from reseller_webhooks.engine.dispatch.wait_queue import WaitQueue
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.dispatch.webhook_queues import WebhookQueues
from reseller_webhooks.engine.ownership.egress_health import EgressHealth
from reseller_webhooks.engine.ports import Ownership, Store, WebhookSnapshot
from reseller_webhooks.engine.result_writer import ResultWriter
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.observability.held_back import queues_held_back

SLOTS = 1000
"""Requests in flight at once, for all webhooks together."""
QUEUES_A_SCAN, LATE_A_SCAN = 100, 20
"""On-time queues go first; a scan of overdue queues is short, so that they do not wait long."""
RETRY_SCAN_S = 0.5


class Scheduler:
    """Owns the queues."""

    def __init__(
        self,
        store: Store,
        runner: AttemptRunner,
        result_writer: ResultWriter,
        owner: Ownership,
        *,
        slots: int = SLOTS,
    ) -> None:
        self._owner = owner
        self._store = store
        self._runner = runner
        self._result_writer = result_writer
        self.waits_suspect = asyncio.Event()
        """Set when deliveries may be scheduled too late: after a clock step or an acquisition."""
        self.clock_steps = 0
        """Number of steps of the store's clock noticed so far."""
        self.queues = WebhookQueues()
        self._prefetch = PrefetchBudget()
        self._to_scan, self._to_scan_late = WaitQueue(), WaitQueue()
        self._reads = ReadsInFlight()
        self._wake = asyncio.Event()
        self._timers = TimerHeap(self._wake)
        self._scanner = Scanner(store, self._complete_scans, self._scan_later)
        self.dead_receivers = DeadReceivers(store, runner, owner, self._request_scan)
        self._dispatcher = Dispatcher(
            runner,
            result_writer,
            owner,
            self._timers,
            slots=slots,
            request_scan=self._request_scan,
            resume=self.resume,
            probe_failed=self.dead_receivers.probe_failed,
        )
        self.handed_over = HandedOver(self.queues, self._mark_dirty, self._dispatcher.start_ready)
        self.receiver_clocks = self._dispatcher.receiver_clocks
        self.admission = self._dispatcher.admission

    def export_metrics(self) -> None:
        """Provide the metrics of queues and slots; called on the event loop."""
        self.admission.export_metrics()
        time = self._time  # bound to the loop here: a scrape may come from another thread
        queues_held_back.set_function(lambda: self._dispatcher.rules.count(self.queues, time()))

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return self._dispatcher.in_flight

    @property
    def egress(self) -> EgressHealth:
        """Health of this machine's own network."""
        return self._dispatcher.egress

    @implements(Rule.RETRY_NOW)
    def update_webhooks(self, snapshots: Iterable[WebhookSnapshot]) -> None:
        """Apply new, changed and deleted webhooks as read from the store."""
        secret_changes = SecretChanges()
        for snapshot in snapshots:
            queue = self.queues.get(snapshot.id)
            secret_changes.add(queue.webhook if queue else None, snapshot.webhook)
            if snapshot.webhook is None:
                if queue:
                    self.queues.remove(queue)
            elif queue is None:
                self._add_queue(snapshot.webhook, snapshot.circuit, snapshot.revision)
            else:
                queue.revision = snapshot.revision
                if queue.webhook != snapshot.webhook or queue.circuit.is_gone:
                    queue.update_settings(snapshot.webhook)
                    self._mark_dirty(queue)
        secret_changes.report()

    @property
    def yields(self) -> bool:
        """True if this worker leaves its partitions to other workers, since it reaches no host."""
        return self.egress.yields(self._time())

    async def acquire(self, parts: Collection[int]) -> None:
        """Start sending for the webhooks of these partitions."""
        async with self.queues.update_lock:
            self.update_webhooks(await self._store.webhooks(parts))
        self.waits_suspect.set()

    @implements(Rule.DRAIN)
    def drain(self, parts: Collection[int]) -> None:
        """Start no more deliveries for the webhooks of these partitions."""
        for queue in self.queues.in_partitions(parts):
            queue.close()

    def release(self, parts: Collection[int]) -> None:
        """Forget the webhooks of these partitions."""
        for queue in self.queues.in_partitions(parts):
            self.queues.remove(queue)
            self.egress.forget(queue.host)

    def busy(self, parts: Collection[int]) -> set[int]:
        """Partitions with requests in flight or results not yet written."""
        return {queue.part for queue in self.queues.in_partitions(parts) if queue.held}

    @implements(Rule.RESUME)
    def resume(self) -> None:
        """Start ready deliveries of every queue, after a time in which none could start."""
        for queue in self.queues:
            self._request_scan(queue)
            self._dispatcher.start_ready(queue)

    @implements(Rule.SHIFT_CIRCUITS)
    def clock_stepped(self, by: Micros) -> None:
        """Shift open circuits by a step of the store's clock, so that probes wait as long."""
        for queue in self.queues:
            if queue.circuit.waits:
                queue.circuit = circuits.shift(queue.circuit, by)
                self._result_writer.add_circuit(queue.webhook.id, queue.circuit)
        self.clock_steps += 1
        self.waits_suspect.set()

    def track_read(self) -> AbstractContextManager[set[int]]:
        """Track a read of new deliveries; yields the deliveries whose results are written then."""
        return self._reads.track()

    @implements(Rule.IGNORE_WRITTEN_NEW)
    def accept_new(self, new: Iterable[DueDelivery], read_at: float, written: Set[int]) -> None:
        """Enqueue new due deliveries without a scan.

        read_at: the start of the read. written: deliveries whose results were written since.
        """
        by_webhook, at = dict[int, list[DueDelivery]](), self._time()
        for due in new:
            if due.delivery.id not in written:
                by_webhook.setdefault(due.delivery.webhook_id, []).append(due)
        for queue in self.queues.by_webhook(by_webhook):
            due_deliveries = by_webhook[queue.webhook.id]
            if queue.created_at >= read_at or not queue.accept_new(due_deliveries, at):
                self._mark_dirty(queue)
            self._dispatcher.start_ready(queue)

    def verify_known(self, due: Iterable[tuple[int, int]], written: Set[int]) -> None:
        """Scan queues that do not hold a due delivery; due: pairs of webhook id and delivery id."""
        incomplete = set()
        for webhook_id, delivery_id in due:
            queue = self.queues.get(webhook_id)
            if queue and delivery_id not in queue.held and delivery_id not in written:
                incomplete.add(webhook_id)
        self.mark_dirty(incomplete)

    def mark_dirty(self, webhook_ids: Iterable[int]) -> None:
        """Scan the queues of these webhooks, which have new deliveries."""
        for queue in self.queues.by_webhook(webhook_ids):
            self._mark_dirty(queue)

    def schedule_scans(self, due_in_s: dict[int, float]) -> None:
        """Schedule scans; due_in_s: seconds until each webhook's first delivery is due."""
        for queue in self.queues.by_webhook(due_in_s):
            self._schedule_scan(queue, self._time() + due_in_s[queue.webhook.id])

    def results_written(self, results: Sequence[AttemptResult]) -> None:
        """Release deliveries whose results are in the store; schedule the next attempts."""
        now, at = self._runner.clock.now(), self._time()
        for result in results:
            queue = self.queues.get(result.delivery.webhook_id)
            if queue is None or queue.epoch != result.epoch:
                continue  # an earlier lease's: the present queue may have the delivery in flight
            queue.result_written(result.delivery.id)
            self._reads.add_written(result.delivery.id)
            self.handed_over.recent_results.add(result.delivery.id, at)
            due_at = result.step.due_at(now)
            if due_at is not None:
                self._schedule_scan(queue, at + max(0, due_at - now) / SECOND)
            elif queue.scan_at <= at:
                self._request_scan(queue)
        if self._dispatcher.results_drained():
            self.resume()

    async def run(self) -> None:
        """Scan queues and start deliveries forever."""
        self._wake.set()  # queues that were waiting when run() failed have no other wake-up
        while True:
            await self._timers.wait()
            self._visit_due()
            while queues := self._pop_to_scan():
                await self._scanner.scan(queues)
                self._visit_due()

    async def stop(self, patience_s: float) -> None:
        """Start no more attempts; wait up to `patience_s` for those in flight, then cancel them."""
        await self._dispatcher.stop(patience_s)

    def _add_queue(self, webhook: Webhook, circuit: Circuit, revision: int) -> None:
        epoch = self._owner.epoch(webhook.part)
        if epoch is None:
            return
        hold_s = self._owner.hold_s(webhook.part)
        now, wait_s = self._runner.clock.now(), self._runner.policy.waits_s[0]
        circuit = circuits.bound(circuit, now=now, first_wait_s=wait_s)
        if hold_s and not circuit.is_open:
            circuit = circuits.ramped(circuit)  # a former owner's requests load the receiver too
        at = self._time()
        start_at = at + hold_s if webhook.is_serial else 0.0
        queue = WebhookQueue(
            webhook, circuit, self._prefetch, epoch=epoch, start_at=start_at, created_at=at
        )
        queue.revision = revision
        self.queues.add(queue)
        self._mark_dirty(queue)

    def _mark_dirty(self, queue: WebhookQueue) -> None:
        queue.mark_dirty()
        self._request_scan(queue)

    def _schedule_scan(self, queue: WebhookQueue, at: float) -> None:
        queue.schedule_scan(at)
        self._timers.schedule(at, queue)

    def _visit_due(self) -> None:
        for queue in self._timers.due(self._time()):
            self._request_scan(queue)
            self._dispatcher.start_ready(queue)

    def _request_scan(self, queue: WebhookQueue) -> None:
        (self._to_scan_late if queue.late else self._to_scan).add(queue)
        self._wake.set()

    def _pop_to_scan(self) -> list[WebhookQueue]:
        on_time = self._pop_scannable(self._to_scan, QUEUES_A_SCAN)
        late = self._pop_scannable(self._to_scan_late, LATE_A_SCAN)
        return list(dict.fromkeys(on_time + late))  # a queue that became overdue may be in both

    def _pop_scannable(self, waiting: WaitQueue, count: int) -> list[WebhookQueue]:
        now = self._time()
        scannable: list[WebhookQueue] = []
        for queue in waiting.pop_while(lambda: len(scannable) < count):
            if queue.scan_at > now:
                self._timers.schedule(queue.scan_at, queue)
            elif queue.wants_scan:
                scannable.append(queue)
        return scannable

    def _scan_later(self, queue: WebhookQueue) -> None:
        self._timers.schedule(self._time() + RETRY_SCAN_S, queue)

    def _complete_scans(self, queues: Sequence[WebhookQueue], scans: Sequence[ScanResult]) -> None:
        now, wall = self._time(), self._runner.clock.now()
        for queue, scan in zip(queues, scans, strict=True):
            queue.complete_scan(scan, now, wall)
            self._timers.schedule(queue.scan_at, queue)
            self._dispatcher.start_ready(queue)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # get_running_loop() costs a system call, and the hot path reads the time often.
        return asyncio.get_running_loop().time
