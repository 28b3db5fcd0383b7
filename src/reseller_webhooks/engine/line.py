"""A FIFO of lanes without duplicates, in which resellers take turns."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from reseller_webhooks.engine.lane import Lane


class Line:
    """Lanes that wait for something: each reseller's in the sequence in which they came."""

    def __init__(self) -> None:
        # Not dicts: to find its first, a dict looks through what was taken out before that.
        self._lanes: OrderedDict[int, OrderedDict[Lane, None]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def add(self, lane: Lane) -> None:
        """Append a lane; one that waits already keeps its place."""
        self._lanes.setdefault(lane.webhook.reseller_id, OrderedDict())[lane] = None

    def turns(self, is_open: Callable[[], bool]) -> Iterator[Lane]:
        """Those that wait now, each once and out of the line, as long as it is open."""
        for _ in range(len(self)):
            if not is_open():
                return
            reseller_id, lanes = self._lanes.popitem(last=False)
            lane, _ = lanes.popitem(last=False)
            if lanes:
                self._lanes[reseller_id] = lanes
            yield lane
