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
        """Whether there is one, for some lane at least."""
        return self._free > 0

    def take(self, lane: Lane) -> bool:
        """A slot for the lane, if there is one."""
        if not self._free or self._is_kept_from(lane):
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """One is free again."""
        self._free += 1

    def gives_way(self, lane: Lane, others: int) -> bool:
        """Whether a lane has its share and more, while so many others wait."""
        return others > 0 and lane.in_flight >= self._count // SHARE

    def _is_kept_from(self, lane: Lane) -> bool:
        """Whether what is free is only for lanes with less than their share."""
        share = self._count // SHARE
        return self._free <= share and lane.in_flight >= share
