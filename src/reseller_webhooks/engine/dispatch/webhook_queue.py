"""One webhook's queue in memory: its ready deliveries, and its cap, rate, circuit and order.

ready: due deliveries that have not started. held: deliveries that are ready, in flight, or whose
results are not yet written.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from math import inf

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries import circuits
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import FIRST, ScanRequest
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.sync.due import ScanResult
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.prefetch_budget import PrefetchBudget
from reseller_webhooks.engine.ownership.egress_health import HostKey

READY_MIN = 32
"""Deliveries to prefetch if the budget allows it, so that one scan serves many attempts."""
READY_MAX = 512
"""The same for a long backlog."""
LATE_MAX = 64
"""The same for an overdue backlog: a large read delays on-time deliveries."""
LATE = 30 * SECOND
"""A queue whose first delivery has been due for longer is overdue; see late_throttle.py."""


class WebhookQueue:
    """The queue of one webhook. at, now: the event loop's time in seconds."""

    revision = 0
    """The store's revision of the webhook's settings."""

    def __init__(
        self,
        webhook: Webhook,
        circuit: Circuit,
        prefetch: PrefetchBudget,
        *,
        epoch: int = 0,
        start_at: float = 0.0,
        created_at: float = 0.0,
    ) -> None:
        self.webhook, self.circuit = webhook, circuit
        self.part = webhook.part
        self.epoch = epoch
        """The epoch of the lease under which this queue sends."""
        self.created_at = created_at
        self.host = HostKey.from_webhook(webhook)
        self.ready: deque[DueDelivery] = deque()
        self.held: dict[int, str] = {}
        self.in_flight = 0
        self.late = False
        """True if the queue is overdue."""
        self.scan_at = inf
        """Due time of the first delivery in the store that is not held. 0.0: now, inf: unknown."""
        self.start_at = start_at
        """The earliest start: a former owner's request may still be in flight before."""
        self._rate_at = 0.0
        """The earliest start that the rate per second allows."""
        self._prefetch_budget = prefetch
        self._prefetch = self._prefetch_min
        self._active = webhook.may_send
        self._serial = webhook.is_serial
        self._closed = self._suspended = self._scanning = False
        self._requested = 0
        self.scan_at_during_scan = inf
        self.scan_position = FIRST
        """Start of the next scan: no delivery can have become due before that position."""
        self._written_during_scan: set[int] = set()
        self._postponed: dict[int, float] = {}
        """Deliveries that `accept_new` ignores until a time."""

    @property
    def has_ready(self) -> bool:
        """True if deliveries are ready and the webhook is active."""
        return bool(self.ready) and self._is_sending

    @property
    def wants_scan(self) -> bool:
        """True if the queue has room for a scan; the caller compares `scan_at` with the time."""
        return self._is_sending and not self._scanning and len(self.ready) < self._capacity // 2

    @property
    def _is_sending(self) -> bool:
        return self._active and not self._closed and not self._suspended

    @property
    def is_idle(self) -> bool:
        """True if the webhook is active, with no request and no scan in flight."""
        return self._is_sending and not self.in_flight and not self._scanning

    @property
    def _earliest_start(self) -> float:
        return max(self.start_at, self._rate_at)

    @property
    def _capacity(self) -> int:
        return self._prefetch_budget.capacity(self._prefetch, late=self.late)

    @property
    def _prefetch_min(self) -> int:
        return max(READY_MIN, 2 * self.webhook.max_in_flight)

    @implements(Rule.DROP_SUPERSEDED)
    def mark_dirty(self) -> None:
        """The store has new deliveries for this webhook."""
        self.schedule_scan(0.0)
        if self.webhook.latest_only:
            self._drop_ready()  # new deliveries may have superseded ready ones

    @implements(Rule.CHANGES_DURING_SCAN, Rule.RESTART_SCAN)
    def schedule_scan(self, at: float) -> None:
        """A delivery in the store becomes due at `at`."""
        self.scan_position = FIRST
        self.scan_at = min(self.scan_at, at)
        # A scan in flight may have begun too early to see it.
        self.scan_at_during_scan = min(self.scan_at_during_scan, at)

    @implements(Rule.SKIP_HELD)
    def begin_scan(self) -> ScanRequest:
        """Begin a scan and return its request."""
        self._scanning, self.scan_at_during_scan = True, inf
        self._written_during_scan.clear()
        self._requested = max(1, self._capacity - len(self.ready))
        self._prefetch_budget.requested += self._requested
        return ScanRequest(
            webhook_id=self.webhook.id,
            heads_only=self.webhook.ordered,
            limit=self._requested,
            held=frozenset(self.held),
            after=self.scan_position,
        )

    def complete_scan(self, result: ScanResult, now: float, wall: Micros) -> None:
        """End a scan and enqueue its deliveries. wall: the wall clock."""
        self._end_scan()
        self.late = bool(result.due) and result.due[0].delivery.next_at < wall - LATE
        if not self._may_enqueue():
            return
        self._prefetch = self._prefetch_after(result)
        # The scan may return deliveries whose results were written after it began.
        self._enqueue(_without(self._written_during_scan, result.due))
        again = inf if result.again_s is None else now + result.again_s
        self.scan_at = min(again, self.scan_at_during_scan)
        if self.scan_at_during_scan == inf and not self._serial:
            self.scan_position = result.upto

    def accept_new(self, due: list[DueDelivery], at: float) -> bool:
        """Enqueue new deliveries without a scan; False if the queue needs a scan instead."""
        if self._serial or not self._is_sending:
            return False
        if not self.ready:
            self.late = False  # the overdue deliveries have all started
        if not self._prefetch_budget.has_capacity(
            len(self.ready) + len(due), self._prefetch, late=self.late
        ):
            return False
        if self._postponed:
            self._postponed = {key: until for key, until in self._postponed.items() if until > at}
            due = [new for new in due if new.delivery.id not in self._postponed]
        self._enqueue(due)
        return True

    def _prefetch_after(self, result: ScanResult) -> int:
        if not result.more or self._serial:
            return self._prefetch_min
        return max(
            self._prefetch_min, min(2 * self._prefetch, LATE_MAX if self.late else READY_MAX)
        )

    def scan_failed(self) -> None:
        """End a scan that failed; schedule another one."""
        self._end_scan()
        self.scan_at = 0.0

    def _end_scan(self) -> None:
        self._scanning = False
        self._prefetch_budget.requested -= self._requested

    @implements(Rule.CAP)
    def held_back_by(self, now: Micros, at: float) -> HeldBack | None:
        """The webhook's own limit that forbids another request; None if none does."""
        if at < self.start_at:
            return HeldBack.OWNERSHIP
        if at < self._rate_at:
            return HeldBack.RATE
        limit = cap = self.webhook.max_in_flight
        if self.circuit is not circuits.CLOSED:
            limit = circuits.limit(self.circuit, cap, now)
        if self.in_flight < limit:
            return None
        return HeldBack.CIRCUIT if self.circuit.is_open or limit < cap else HeldBack.CAP

    @implements(Rule.CURRENT_SETTINGS)
    def may_send(self, webhook: Webhook) -> bool:
        """True if a request that was prepared with these settings may still be sent."""
        return self._is_sending and self.webhook is webhook

    def next_start_at(self, now: Micros, at: float) -> float:
        """The next start that the rate or the circuit allows; inf if neither holds it back."""
        if self._earliest_start > at:
            return self._earliest_start
        wait = circuits.next_start(self.circuit) - now
        return at + wait / SECOND if wait > 0 else inf

    @implements(Rule.RATE)
    def start(self, at: float) -> DueDelivery:
        """Take the next ready delivery; the caller checked `held_back_by` first."""
        self.in_flight += 1
        if self.webhook.rate_per_second:
            self._rate_at = max(self._rate_at, at) + 1 / self.webhook.rate_per_second
        due = self.ready.popleft()
        self._prefetch_budget.remove(due)
        return due

    def attempt_ended(self) -> None:
        """A request is no longer in flight; its delivery is held until its result is written."""
        self.in_flight -= 1

    def result_written(self, delivery_id: int) -> None:
        """Release a delivery whose result is in the store."""
        self.held.pop(delivery_id, None)
        if self._scanning:
            self._written_during_scan.add(delivery_id)
        if self._serial:
            self.schedule_scan(0.0)  # the next delivery of the same resource may start

    def update_settings(self, webhook: Webhook) -> None:
        """Apply changed settings; ready deliveries are scanned again under the new ones."""
        if webhook.rate_per_second != self.webhook.rate_per_second:
            self._rate_at = 0.0
        if webhook.hurried_at != self.webhook.hurried_at:
            self.circuit = circuits.probe_now(self.circuit)
        host, self.host = self.host, HostKey.from_webhook(webhook)
        self.circuit = circuits.resume(self.circuit, is_elsewhere=self.host != host)
        self.webhook = webhook
        self._active = webhook.may_send
        self._serial = webhook.is_serial
        self._prefetch = self._prefetch_min
        self._drop_ready()
        self.schedule_scan(0.0)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Start nothing while the store closes deliveries; then drop the ready ones."""
        self._suspended = True
        try:
            yield
        finally:
            self._suspended = False
            self._drop_ready()
            self.schedule_scan(0.0)

    def postpone(self, delivery_id: int, again_at: float) -> None:
        """Release a delivery whose attempt is not recorded; scan it again at `again_at`."""
        self.held.pop(delivery_id, None)
        self._postponed[delivery_id] = again_at
        if self._scanning:
            self._written_during_scan.add(delivery_id)
        self.schedule_scan(again_at)

    def close(self) -> None:
        """Start no more deliveries: the webhook was deleted or belongs to another worker."""
        self._closed = True
        self._drop_ready()

    @implements(Rule.CLOSED_QUEUE)
    def _may_enqueue(self) -> bool:
        """True if the queue is open: with deliveries, a closed queue would keep its partition."""
        return not self._closed

    def _enqueue(self, due: list[DueDelivery]) -> None:
        busy = set(self.held.values()) if self._serial else set()
        for new in due:
            if new.delivery.id in self.held:
                continue
            if self._serial and new.delivery.resource_uuid in busy:
                continue
            busy.add(new.delivery.resource_uuid)
            self.held[new.delivery.id] = new.delivery.resource_uuid
            self.ready.append(new)
            self._prefetch_budget.add(new)

    def _drop_ready(self) -> None:
        for due in self.ready:
            del self.held[due.delivery.id]
            self._prefetch_budget.remove(due)
        self.ready.clear()


@implements(Rule.IGNORE_WRITTEN_SCANNED)
def _without(written: Set[int], due: Iterable[DueDelivery]) -> list[DueDelivery]:
    return [new for new in due if new.delivery.id not in written]
