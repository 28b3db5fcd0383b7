"""Lines: lanes that wait for something, the first that came first, each once."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from reseller_webhooks.engine.lane import Lane


class Line:
    """One line."""

    def __init__(self) -> None:
        # Not a dict: to find its first, it looks through what was taken out before that.
        self._lanes: OrderedDict[Lane, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, lane: Lane) -> None:
        """One more waits; who waits already keeps its place."""
        self._lanes[lane] = None

    def has_others(self, lane: Lane) -> bool:
        """Whether one waits that is not this."""
        return len(self._lanes) > (lane in self._lanes)

    def turns(self, is_open: Callable[[], bool]) -> Iterator[Lane]:
        """Those that wait now, each once and out of the line, as long as it is open."""
        for _ in range(len(self._lanes)):
            if not is_open():
                return
            lane, _ = self._lanes.popitem(last=False)
            yield lane
