"""Prefetch budget: bytes of ready deliveries in memory, shared by all webhook queues.

A queue with a long backlog prefetches more and more, so that one scan serves many attempts. The
less of the budget is left, the less each queue may prefetch, so memory stays bounded whether one
webhook has a backlog or ten thousand have.
"""

from reseller_webhooks.core.deliveries.notification import DueDelivery

BYTES_MAX = 48 * 2**20
SHARE = 16
"""A queue may use at most one part in this many of the bytes left."""
RESERVED = 4
"""One part in this many of the budget is reserved for on-time queues."""
LEAST = 4
"""Deliveries that every queue may prefetch, or it would wait for scans all the time."""
ROW_BYTES = 1_000
"""Memory of a delivery beside its body."""
TYPICAL_BYTES = 2_000 + ROW_BYTES
"""Assumed size of a delivery before any is in memory."""


class PrefetchBudget:
    """Counts deliveries in memory and their bytes."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._left = self._max = bytes_max
        self._count = 0
        self.requested = 0
        """Deliveries that scans in flight may return at most."""

    def capacity(self, wanted: int, *, late: bool = False) -> int:
        """The number of `wanted` deliveries that a queue may prefetch."""
        each = (self._max - self._left) // self._count if self._count else TYPICAL_BYTES
        left = self._left - self.requested * each
        if late:
            left -= self._max // RESERVED
        return max(LEAST, min(wanted, left // (SHARE * each)))

    def has_capacity(self, count: int, wanted: int, *, late: bool = False) -> bool:
        """True if a queue that wants to prefetch `wanted` deliveries may hold `count`."""
        return count <= LEAST or count <= self.capacity(wanted, late=late)

    def add(self, due: DueDelivery) -> None:
        """A delivery is in memory."""
        self._count += 1
        self._left -= len(due.body) + ROW_BYTES

    def remove(self, due: DueDelivery) -> None:
        """A delivery has started or was dropped."""
        self._count -= 1
        self._left += len(due.body) + ROW_BYTES
