"""Stock: what is in memory and ready to go, of all queues together.

A queue with a long backlog takes in more and more at a time, so that one scan serves many attempts.
But the more there is already, the less each queue gets: memory is bounded, whether one webhook has
a backlog or ten thousand have one, as after a day on which nothing was sent.
"""

from reseller_webhooks.core.deliveries.notification import DueDelivery

BYTES_MAX = 48 * 2**20
SHARE = 16
"""A queue gets no more than one part in this many of what is left."""
KEPT = 4
"""One part in this many of all is kept from what is late, for new deliveries that just come."""
LEAST = 4
"""But so much, or it would wait for scans all the time."""
ROW_BYTES = 1_000
"""Of what is in memory beside a body."""
TYPICAL_BYTES = 2_000 + ROW_BYTES
"""Before there is anything to go by."""


class PrefetchBudget:
    """How much there is."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._left = self._max = bytes_max
        self._count = 0
        self.requested = 0
        """Deliveries that scans under way may bring at most."""

    def capacity(self, wish: int, *, late: bool = False) -> int:
        """How many deliveries a queue may hold that would like to hold so many."""
        each = (self._max - self._left) // self._count if self._count else TYPICAL_BYTES
        left = self._left - self.requested * each
        if late:
            left -= self._max // KEPT
        return max(LEAST, min(wish, left // (SHARE * each)))

    def has_capacity(self, count: int, wish: int, *, late: bool = False) -> bool:
        """Whether a queue that would like to hold so many may hold that count."""
        return count <= LEAST or count <= self.capacity(wish, late=late)

    def add(self, due: DueDelivery) -> None:
        """One more is in memory."""
        self._count += 1
        self._left -= len(due.body) + ROW_BYTES

    def remove(self, due: DueDelivery) -> None:
        """One is under way, or forgotten."""
        self._count -= 1
        self._left += len(due.body) + ROW_BYTES
