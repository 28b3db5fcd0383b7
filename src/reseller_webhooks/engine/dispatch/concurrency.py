"""Slots: requests under way at once, of all webhooks together, shared out fairly."""

from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.fair_shares import FairShares

BYTES_A_SLOT = 64 * 1024
"""A larger body takes more than one slot: it is in memory several times while it is sent."""
LATE_SHARE = 4
"""One slot in this many is for deliveries in time: overdue ones never hold them all."""


class ConcurrencyLimit(FairShares):
    """Which slots are free, and for whom."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._late_max = count - count // LATE_SHARE
        self._late = 0
        self._large = 0
        """Slots that large bodies take beside those of their requests."""

    @property
    def requests(self) -> int:
        """Requests under way."""
        return self.in_use - self._large

    def are_free_for_late(self) -> bool:
        """Whether an overdue queue may have one."""
        return self.free > 0 and self._late < self._late_max

    def are_free_for(self, queue: WebhookQueue) -> bool:
        """Whether there is one for the queue."""
        if queue.late and not self.are_free_for_late():
            return False
        return self.admits(self.load(queue.webhook.reseller_id, queue.in_flight))

    def started(self, reseller_id: int, body_bytes: int, *, late: bool) -> None:
        """A slot that is in use serves a delivery."""
        self._late += late
        if more := body_bytes // BYTES_A_SLOT:
            self._large += more
            self.take(reseller_id, more)

    def ended(self, reseller_id: int, body_bytes: int, *, late: bool) -> bool:
        """It serves that delivery no more. Whether others are free that a large body took."""
        self._late -= late
        more = body_bytes // BYTES_A_SLOT
        if more:
            self._large -= more
            self.give_back(reseller_id, more)
        return more > 0
