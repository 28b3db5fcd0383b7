"""Slots: requests under way at once, of all webhooks together. Few, so lanes take turns."""

from reseller_webhooks.engine.lane import Lane

SHARE = 4
"""No lane holds more than one slot in this many while others wait, and one in this many is kept
for lanes with less: what hangs would otherwise keep everything until it times out."""


class Slots:
    """How many are free, and for whom."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count

    @property
    def in_use(self) -> int:
        """Requests under way."""
        return self._count - self._free

    def are_free(self) -> bool:
        """Whether there are any, for some lane at least."""
        return self._free > 0

    def are_free_for(self, lane: Lane) -> bool:
        """Whether there is one for the lane."""
        return self._free > 0 and not self._is_kept_from(lane)

    def take(self) -> None:
        """One is in use."""
        self._free -= 1

    def give_back(self) -> None:
        """One is free again."""
        self._free += 1

    def are_many(self, lane: Lane) -> bool:
        """Whether the lane has its share or more."""
        return lane.in_flight >= self._count // SHARE

    def _is_kept_from(self, lane: Lane) -> bool:
        """Whether what is free is only for lanes with less than their share."""
        return self._free <= self._count // SHARE and self.are_many(lane)
