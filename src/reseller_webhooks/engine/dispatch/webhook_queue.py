"""A queue: what the owner of a webhook knows of it. Caps, rates, circuit and order are local here.

ready     scanned and due, not started      held  ready, under way, or its result not yet written
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from urllib.parse import urlsplit

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries import circuit as circuits
from reseller_webhooks.core.deliveries.circuit import Circuit
from reseller_webhooks.core.deliveries.delivery import FIRST, ScanRequest
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.webhooks.webhook import Webhook
from reseller_webhooks.engine.dispatch.prefetch_budget import PrefetchBudget
from reseller_webhooks.engine.ownership.egress_health import HostKey
from reseller_webhooks.operations.delivery_queue import ScanResult

READY_MIN = 32
"""How many to hold ready if there is room, so that one scan serves many attempts."""
READY_MAX = 512
"""And how many of a long backlog."""
LATE_MAX = 64
"""And of one that is late: whoever is in time feels it when many rows are read in one go."""
LATE = 30 * SECOND
"""What has been due for longer gives way to what is new; see budget.py."""


class WebhookQueue:
    """One webhook's deliveries as they go out. Instants are the loop's seconds."""

    revision = 0
    """Of the webhook's settings, as the store numbers them."""

    def __init__(
        self,
        webhook: Webhook,
        circuit: Circuit,
        prefetch: PrefetchBudget,
        *,
        epoch: int = 0,
        start_at: float = 0.0,
        born: float = 0.0,
    ) -> None:
        self.webhook = webhook
        self.circuit = circuit
        self.part = webhook.part
        self.epoch = epoch
        """Of the lease under which this queue sends."""
        self.opened_at = born
        self.host = _host_key(webhook)
        self.ready: deque[DueDelivery] = deque()
        self.held: dict[int, str] = {}
        self.in_flight = 0
        self.late = False
        """What is ready has been due for long."""
        self.scan_at = inf
        """When the store may have something that is not held: 0.0 for now, inf for not known."""
        self.start_at = start_at
        """Nothing starts before this: a former owner's request may still be travelling."""
        self._rate_at = 0.0
        """Nor before this: the rate per second."""
        self._budget = prefetch
        self._prefetch = self._prefetch_min
        self._active = webhook.may_send
        self._serial = webhook.is_serial
        self._closed = self._suspended = False
        self._scanning = False
        self._asked = 0
        self._scan_at_meanwhile = inf
        self._after = FIRST
        """Where the last scan ended, as long as nothing can have appeared before that."""
        self._written_during_scan: set[int] = set()
        self._postponed: dict[int, float] = {}
        """Until when these do not come without a scan."""

    @property
    def wants_scan(self) -> bool:
        """Whether to scan now, as far as room goes; the time is the caller's to compare."""
        return self._is_sending and not self._scanning and len(self.ready) < self._capacity // 2

    @property
    def _is_sending(self) -> bool:
        return self._active and not self._closed and not self._suspended

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, neither a request nor a scan."""
        return self._is_sending and not self.in_flight and not self._scanning

    @property
    def _earliest_start(self) -> float:
        return max(self.start_at, self._rate_at)

    @property
    def _capacity(self) -> int:
        return self._budget.capacity(self._prefetch, late=self.late)

    @property
    def _prefetch_min(self) -> int:
        return max(READY_MIN, 2 * self.webhook.max_in_flight)

    def mark_dirty(self) -> None:
        """Something new is in the store for this webhook."""
        self.schedule_scan(0.0)
        if self.webhook.latest_only:
            self._drop_ready()  # some of it may have been superseded

    def schedule_scan(self, at: float) -> None:
        """Something in the store becomes due then."""
        self._after = FIRST
        self.scan_at = min(self.scan_at, at)
        # A scan that is under way may have begun too early to see it.
        self._scan_at_meanwhile = min(self._scan_at_meanwhile, at)

    def begin_scan(self) -> ScanRequest:
        """Begin a scan."""
        self._scanning, self._scan_at_meanwhile = True, inf
        self._written_during_scan.clear()
        self._asked = max(1, self._capacity - len(self.ready))
        self._budget.requested += self._asked
        return ScanRequest(
            webhook_id=self.webhook.id,
            heads_only=self.webhook.ordered,
            limit=self._asked,
            held=frozenset(self.held),
            after=self._after,
        )

    def complete_scan(self, found: ScanResult, now: float, wall: Micros) -> None:
        """End a scan with what it found."""
        self._end_scan()
        self.late = bool(found.due) and found.due[0].delivery.next_at < wall - LATE
        if self._closed:
            return  # what a closed queue held would keep its partition from being given back
        self._prefetch = self._prefetch_after(found)
        # A scan may still see what was finished and written after it began.
        self._enqueue(
            [due for due in found.due if due.delivery.id not in self._written_during_scan]
        )
        again = inf if found.again_s is None else now + found.again_s
        self.scan_at = min(again, self._scan_at_meanwhile)
        if self._scan_at_meanwhile == inf and not self._serial:
            self._after = found.upto

    def accept_new(self, due: list[DueDelivery], at: float) -> bool:
        """New ones that come without a scan; False when one is needed all the same."""
        if self._serial or not self._is_sending:
            return False
        if not self.ready:
            self.late = False  # what was late has gone out
        if not self._budget.has_capacity(
            len(self.ready) + len(due), self._prefetch, late=self.late
        ):
            return False
        if self._postponed:
            self._postponed = {one: then for one, then in self._postponed.items() if then > at}
            due = [one for one in due if one.delivery.id not in self._postponed]
        self._enqueue(due)
        return True

    def _prefetch_after(self, found: ScanResult) -> int:
        if not found.more or self._serial:
            return self._prefetch_min
        return max(
            self._prefetch_min, min(2 * self._prefetch, LATE_MAX if self.late else READY_MAX)
        )

    def scan_failed(self) -> None:
        """End a scan that brought nothing; the next one asks again."""
        self._end_scan()
        self.scan_at = 0.0

    def _end_scan(self) -> None:
        self._scanning = False
        self._budget.requested -= self._asked

    def can_start(self, now: Micros, at: float) -> bool:
        """Whether one more may start: cap, ramp, circuit and rate."""
        if not self.ready or not self._is_sending or at < self.start_at or at < self._rate_at:
            return False
        cap = self.webhook.max_in_flight
        if self.circuit is not circuits.CLOSED:
            cap = circuits.limit(self.circuit, cap, now)
        return self.in_flight < cap

    def may_send(self, webhook: Webhook) -> bool:
        """Whether a request that was begun with these settings may still be sent."""
        return self._is_sending and self.webhook is webhook

    def held_back_until(self, now: Micros, at: float) -> float:
        """When the next of those that are ready may start, if time alone holds it back."""
        if self._earliest_start > at:
            return self._earliest_start
        wait = self.circuit.probe_at - now if self.circuit.is_open else 0
        return at + wait / SECOND if wait > 0 else inf

    def start(self, at: float) -> DueDelivery:
        """Take the next one; the caller asked `can_start` first."""
        self.in_flight += 1
        if self.webhook.rate_per_second:
            self._rate_at = max(self._rate_at, at) + 1 / self.webhook.rate_per_second
        due = self.ready.popleft()
        self._budget.remove(due)
        return due

    def attempt_ended(self) -> None:
        """One that was started is no longer under way; it stays held until it is written."""
        self.in_flight -= 1

    def result_written(self, delivery_id: int) -> None:
        """The result is in the store, so that a scan tells the truth about this delivery."""
        self.held.pop(delivery_id, None)
        if self._scanning:
            self._written_during_scan.add(delivery_id)
        if self._serial:
            self.schedule_scan(0.0)  # the next of the same resource may go now

    def update_settings(self, webhook: Webhook) -> None:
        """The webhook's settings have changed; what is ready is scanned anew under the new ones."""
        if webhook.rate_per_second != self.webhook.rate_per_second:
            self._rate_at = 0.0
        if webhook.hurried_at != self.webhook.hurried_at:
            self.circuit = circuits.probe_now(self.circuit)
        self.webhook = webhook
        self.host = _host_key(webhook)
        self._active = webhook.may_send
        self._serial = webhook.is_serial
        self._prefetch = self._prefetch_min
        self._drop_ready()
        self.schedule_scan(0.0)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Nothing starts while deliveries are closed in the store; what was ready is forgotten."""
        self._suspended = True
        try:
            yield
        finally:
            self._suspended = False
            self._drop_ready()
            self.schedule_scan(0.0)

    def postpone(self, delivery_id: int, again_at: float) -> None:
        """What was started came to nothing that counts; it is scanned again then."""
        self.held.pop(delivery_id, None)
        self._postponed[delivery_id] = again_at
        if self._scanning:
            self._written_during_scan.add(delivery_id)
        self.schedule_scan(again_at)

    def close(self) -> None:
        """The webhook was deleted, or is another worker's: nothing more starts."""
        self._closed = True
        self._drop_ready()

    def _enqueue(self, due: list[DueDelivery]) -> None:
        busy = set(self.held.values()) if self._serial else set()
        for one in due:
            if one.delivery.id in self.held:
                continue
            if self._serial and one.delivery.resource_uuid in busy:
                continue
            busy.add(one.delivery.resource_uuid)
            self.held[one.delivery.id] = one.delivery.resource_uuid
            self.ready.append(one)
            self._budget.add(one)

    def _drop_ready(self) -> None:
        for due in self.ready:
            del self.held[due.delivery.id]
            self._budget.remove(due)
        self.ready.clear()


def _host_key(webhook: Webhook) -> HostKey:
    return HostKey(webhook.reseller_id, urlsplit(webhook.url).netloc)
