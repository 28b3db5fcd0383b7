"""Per-reseller limit on concurrent long-running requests."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class ConcurrencyLimit:
    """How many requests of one kind each reseller may have under way. For one event loop.

    most: requests at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._under_way: Counter[int] = Counter()

    def is_reached(self, reseller_id: int) -> bool:
        """Whether the reseller may not begin another one now."""
        return self._under_way[reseller_id] >= self.most

    @contextmanager
    def counting(self, reseller_id: int) -> Iterator[None]:
        """Count a request as under way; ask `is_reached` first."""
        self._under_way[reseller_id] += 1
        try:
            yield
        finally:
            self._under_way[reseller_id] -= 1
            if not self._under_way[reseller_id]:
                del self._under_way[reseller_id]
