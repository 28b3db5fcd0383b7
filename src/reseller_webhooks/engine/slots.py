"""Slots: requests under way at once, of all webhooks together. Few, so lanes take turns."""

from reseller_webhooks.engine.lane import Lane

SHARE = 4
"""No lane holds more than one slot in this many while others wait, and one in this many is kept
for lanes with less: what hangs would otherwise keep everything until it times out. Nor do all
that are late hold the last one in this many, which are for who is in time."""


class Slots:
    """How many are free, and for whom."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._share = count // SHARE
        self._late = 0

    @property
    def in_use(self) -> int:
        """Requests under way."""
        return self._count - self._free

    def are_free(self) -> bool:
        """Whether there are any, for some lane at least."""
        return self._free > 0

    def are_free_for_late(self) -> bool:
        """Whether there are any, for some late lane at least."""
        return self._free > 0 and self._late < self._count - self._share

    def are_free_for(self, lane: Lane) -> bool:
        """Whether there is one for the lane."""
        if lane.late and not self.are_free_for_late():
            return False
        return self._free > 0 and not self._is_kept_from(lane)

    def take(self) -> None:
        """One is in use."""
        self._free -= 1

    def give_back(self) -> None:
        """One is free again."""
        self._free += 1

    def started(self, *, late: bool) -> None:
        """One that is in use serves a delivery."""
        self._late += late

    def ended(self, *, late: bool) -> None:
        """It serves it no more."""
        self._late -= late

    def are_many(self, lane: Lane) -> bool:
        """Whether the lane has its share or more."""
        return lane.in_flight >= self._share

    def _is_kept_from(self, lane: Lane) -> bool:
        """Whether what is free is only for lanes with less than their share."""
        return self._free <= self._share and self.are_many(lane)
