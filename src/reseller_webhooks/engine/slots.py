"""Slots: requests under way at once, of all webhooks together. Few, so lanes take turns."""

from collections.abc import Iterator

from reseller_webhooks.engine.lane import Lane

SHARE = 4
"""No lane holds more than one slot in this many while others wait."""


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
        if not self._free:
            self._waiting[lane] = None
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """One is free again."""
        self._free += 1

    def gives_way(self, lane: Lane) -> bool:
        """Whether a lane has more than its share while others wait."""
        return bool(self._waiting) and lane.in_flight >= self._count // SHARE

    def turns(self) -> Iterator[Lane]:
        """Lanes that wait, each once, as long as there is a free slot."""
        for _ in range(len(self._waiting)):
            if not self._free:
                return
            lane = next(iter(self._waiting))
            del self._waiting[lane]
            yield lane
