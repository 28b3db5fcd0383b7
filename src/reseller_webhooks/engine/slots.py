"""Slots: requests under way at once, of all webhooks together. Few, so lanes take turns."""

from collections.abc import Iterator

from reseller_webhooks.engine.lane import Lane

SHARE = 4
"""No lane holds more than one slot in this many while others wait, and one in this many is kept
for lanes with less: what hangs would otherwise keep everything until it times out."""


class Slots:
    """How many are free, and who waits for one."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._waiting: dict[Lane, None] = {}

    @property
    def in_use(self) -> int:
        """Requests under way."""
        return self._count - self._free

    def take(self, lane: Lane) -> bool:
        """A slot for the lane; if there is none it waits for its turn."""
        if not self._free or self._is_kept_from(lane):
            self._waiting[lane] = None
            return False
        self._free -= 1
        return True

    def _is_kept_from(self, lane: Lane) -> bool:
        """Whether what is free is only for lanes with less than their share."""
        share = self._count // SHARE
        return self._free <= share and lane.in_flight >= share

    def give_back(self) -> None:
        """One is free again."""
        self._free += 1

    def gives_way(self, lane: Lane) -> bool:
        """Whether a lane has more than its share while others wait."""
        others = len(self._waiting) - (lane in self._waiting)
        return others > 0 and lane.in_flight >= self._count // SHARE

    def turns(self) -> Iterator[Lane]:
        """Lanes that wait, each once, as long as there is a free slot."""
        for _ in range(len(self._waiting)):
            if not self._free:
                return
            lane = next(iter(self._waiting))
            del self._waiting[lane]
            yield lane
