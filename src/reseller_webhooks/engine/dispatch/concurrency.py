"""Slots: the limit on concurrent requests of all webhooks, divided fairly among resellers."""

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.fair_shares import FairShares

BYTES_A_SLOT = 64 * 1024
"""A larger body takes more than one slot: memory holds several copies of it while it is sent."""
LATE_SHARE = 4
"""One slot in this many is reserved for on-time deliveries."""


class DeliverySlots(FairShares):
    """Counts slots in use."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._late_max = count - count // LATE_SHARE
        self._late = 0
        self._large = 0
        """Extra slots that large bodies take."""

    @property
    def requests(self) -> int:
        """Requests in flight."""
        return self.in_use - self._large

    def has_free_for_late(self) -> bool:
        """True if a slot is free for an overdue queue, fair shares aside."""
        return self.free > 0 and self._late < self._late_max

    def has_free_for(self, queue: WebhookQueue) -> bool:
        """True if a slot is free for the queue."""
        if queue.late and not self.has_free_for_late():
            return False
        return self.admits(self.load(queue.webhook.reseller_id, queue.in_flight))

    def delivery_started(self, reseller_id: int, body_bytes: int, *, late: bool) -> None:
        """A delivery started in a slot that is in use."""
        self._late += late
        if more := body_bytes // BYTES_A_SLOT:
            self._large += more
            self.acquire(reseller_id, more)

    def delivery_ended(self, reseller_id: int, body_bytes: int, *, late: bool) -> bool:
        """The slot finished its delivery. Returns whether extra slots of a large body are free."""
        self._late -= late
        more = body_bytes // BYTES_A_SLOT
        if more:
            self._large -= more
            self.release(reseller_id, more)
        return more > 0
