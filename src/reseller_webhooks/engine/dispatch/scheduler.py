"""Decides what to scan, and when. One dead receiver costs the others nothing.

Every webhook has a queue; only queues that have room and something to look for are scanned. What
is found there is started by dispatcher.py.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from contextlib import AbstractContextManager
from functools import cached_property

import structlog

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries import circuit as circuits
from reseller_webhooks.core.deliveries.circuit import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.dead_receivers import DeadReceivers
from reseller_webhooks.engine.dispatch.dispatcher import Dispatcher
from reseller_webhooks.engine.dispatch.prefetch_budget import PrefetchBudget
from reseller_webhooks.engine.dispatch.reads_in_flight import ReadsInFlight
from reseller_webhooks.engine.dispatch.scanner import Scanner
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.unreadable_secrets import UnreadableSecrets
from reseller_webhooks.engine.dispatch.wait_queue import WaitQueue
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.dispatch.webhook_queues import WebhookQueues
from reseller_webhooks.engine.ownership.egress_health import EgressHealth
from reseller_webhooks.engine.ports import Ownership, Store, WebhookSnapshot
from reseller_webhooks.engine.result_writer import ResultWriter
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.operations.delivery_queue import ScanResult

SLOTS = 1000
"""Requests under way at once, of all webhooks together."""
QUEUES_A_SCAN, LATE_A_SCAN = 100, 20
"""Those in time go first, and wait for no more than a short scan of late ones."""
RETRY_SCAN_S = 0.5

log = structlog.get_logger()


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
        self.may_wait_too_long = asyncio.Event()
        """Set when deliveries may: the store's clock was stepped, or webhooks are new here."""
        self.clock_steps = 0
        """Steps of the store's clock that were noticed."""
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
            hungry=self._request_scan,
            resume=self.resume,
            probe_failed=self.dead_receivers.note_probe,
        )
        self.receiver_clocks = self._dispatcher.receiver_clocks
        self.admission = self._dispatcher.admission

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._dispatcher.in_flight

    @property
    def egress(self) -> EgressHealth:
        """Of this machine's own network."""
        return self._dispatcher.egress

    def update_webhooks(self, known: Iterable[WebhookSnapshot]) -> None:
        """Webhooks as the store has them now: new, changed or deleted."""
        unreadable = UnreadableSecrets()
        for one in known:
            queue = self.queues.get(one.id)
            unreadable.note(queue.webhook if queue else None, one.webhook)
            if one.webhook is None:
                if queue:
                    self.queues.remove(queue)
            elif queue is None:
                self._open(one.webhook, one.circuit, one.revision)
            else:
                queue.revision = one.revision
                if queue.webhook != one.webhook:
                    queue.update_settings(one.webhook)
                    self._mark_dirty(queue)
        unreadable.report()

    @property
    def yields(self) -> bool:
        """Whether others should rather send, since from here no host can be reached."""
        return self.egress.yields(self._time())

    async def acquire(self, parts: Collection[int]) -> None:
        """Begin to send for the webhooks of these partitions."""
        async with self.queues.learning:
            self.update_webhooks(await self._store.webhooks(parts))
        self.may_wait_too_long.set()

    def drain(self, parts: Collection[int]) -> None:
        """Start nothing more for the webhooks of these partitions."""
        for queue in self.queues.in_partitions(parts):
            queue.close()

    def release(self, parts: Collection[int]) -> None:
        """Forget the webhooks of these partitions."""
        for queue in self.queues.in_partitions(parts):
            self.queues.remove(queue)
            self.egress.forget(queue.host)

    def busy(self, parts: Collection[int]) -> set[int]:
        """Partitions with requests under way, or results not yet written."""
        return {queue.part for queue in self.queues.in_partitions(parts) if queue.held}

    def resume(self) -> None:
        """Go on after a time in which nothing might start."""
        for queue in self.queues:
            self._request_scan(queue)
            self._dispatcher.serve(queue)

    def clock_stepped(self, by: Micros) -> None:
        """The store's clock was stepped: probes wait as long as before."""
        for queue in self.queues:
            if queue.circuit.is_open:
                queue.circuit = circuits.shift(queue.circuit, by)
                self._result_writer.add_circuit(queue.webhook.id, queue.circuit)
        self.clock_steps += 1
        self.may_wait_too_long.set()

    def reading(self) -> AbstractContextManager[set[int]]:
        """While the store looks for new deliveries; of which results were written meanwhile."""
        return self._reads.begin()

    def accept_new(self, some: Iterable[DueDelivery], asked_at: float, written: Set[int]) -> None:
        """These are new, as the store had it when it was asked, and due.

        written: since it was asked. What came true since is newer than what the store said.
        """
        fresh: dict[int, list[DueDelivery]] = {}
        for one in some:
            if one.delivery.id not in written:
                fresh.setdefault(one.delivery.webhook_id, []).append(one)
        at = self._time()
        for webhook_id, due in fresh.items():
            queue = self.queues.get(webhook_id)
            if queue is None:
                continue
            if queue.opened_at >= asked_at or not queue.accept_new(due, at):
                self._mark_dirty(queue)
            self._dispatcher.serve(queue)

    def verify_known(self, due: Iterable[tuple[int, int]], written: Set[int]) -> None:
        """These are due, each by webhook and number; whoever does not hold one looks for it."""
        told = set()
        for webhook_id, number in due:
            queue = self.queues.get(webhook_id)
            if queue and number not in queue.held and number not in written:
                told.add(webhook_id)
        self.mark_dirty(told)

    def mark_dirty(self, webhook_ids: Iterable[int]) -> None:
        """These webhooks have new deliveries."""
        for queue in self.queues.by_webhook(webhook_ids):
            self._mark_dirty(queue)

    def schedule_scans(self, due_in_s: dict[int, float]) -> None:
        """When each webhook's first delivery is due, from a look over the whole store."""
        for queue in self.queues.by_webhook(due_in_s):
            self._schedule_scan(queue, self._time() + due_in_s[queue.webhook.id])

    def results_written(self, made: Sequence[AttemptResult]) -> None:
        """These results are in the store."""
        now, at = self._runner.world.now(), self._time()
        for one in made:
            queue = self.queues.get(one.delivery.webhook_id)
            if queue is None or queue.epoch != one.epoch:
                continue  # of an earlier lease: the queue of now may have it under way anew
            queue.result_written(one.delivery.id)
            self._reads.note(one.delivery.id)
            due_at = one.step.due_at(now)
            if due_at is not None:
                self._schedule_scan(queue, at + max(0, due_at - now) / SECOND)
            elif queue.scan_at <= at:
                self._request_scan(queue)
        if self._dispatcher.may_go_on:
            self.resume()

    async def run(self) -> None:
        """Scan and start for ever."""
        self._wake.set()  # after a failure, queues may wait that nobody wakes it for any more
        while True:
            await self._timers.wait()
            self._visit_due()
            while asks := self._next_to_scan():
                await self._scanner.scan(asks)
                self._visit_due()

    async def stop(self, patience_s: float) -> None:
        """Start nothing more and wait for what is under way, but no longer than that."""
        await self._dispatcher.stop(patience_s)

    def _open(self, webhook: Webhook, circuit: Circuit, revision: int) -> None:
        epoch = self._owner.epoch(webhook.part)
        if epoch is None:
            return
        hold_s = self._owner.hold_s(webhook.part)
        now, wait_s = self._runner.world.now(), self._runner.policy.waits_s[0]
        circuit = circuits.bound(circuit, now=now, first_wait_s=wait_s)
        if hold_s and not circuit.is_open:
            circuit = circuits.RAMP  # what a former owner began counts with its receiver too
        start_at = self._time() + hold_s if webhook.is_serial else 0.0
        queue = WebhookQueue(
            webhook, circuit, self._prefetch, epoch=epoch, start_at=start_at, born=self._time()
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
            self._dispatcher.serve(queue)

    def _request_scan(self, queue: WebhookQueue) -> None:
        (self._to_scan_late if queue.late else self._to_scan).add(queue)
        self._wake.set()

    def _next_to_scan(self) -> list[WebhookQueue]:
        in_time = self._take_wanting(self._to_scan, QUEUES_A_SCAN)
        late = self._take_wanting(self._to_scan_late, LATE_A_SCAN)
        return list(dict.fromkeys(in_time + late))  # one that has become late stands in both

    def _take_wanting(self, hungry: WaitQueue, count: int) -> list[WebhookQueue]:
        now = self._time()
        some: list[WebhookQueue] = []
        for queue in hungry.turns(lambda: len(some) < count):
            if queue.scan_at > now:
                self._timers.schedule(
                    queue.scan_at, queue
                )  # the note that brought it stood before this
            elif queue.wants_scan:
                some.append(queue)
        return some

    def _scan_later(self, queue: WebhookQueue) -> None:
        self._timers.schedule(self._time() + RETRY_SCAN_S, queue)

    def _complete_scans(self, queues: Sequence[WebhookQueue], found: Sequence[ScanResult]) -> None:
        now, wall = self._time(), self._runner.world.now()
        for queue, some in zip(queues, found, strict=True):
            queue.complete_scan(some, now, wall)
            self._timers.schedule(queue.scan_at, queue)
            self._dispatcher.serve(queue)

    @cached_property
    def _time(self) -> Callable[[], float]:
        # Asking for the running loop costs a system call, and the time is asked for all the time.
        return asyncio.get_running_loop().time
