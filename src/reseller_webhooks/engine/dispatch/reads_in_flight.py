"""Reads of the store in flight, and the deliveries whose results were written since they began."""

from collections.abc import Iterator
from contextlib import contextmanager


class ReadsInFlight:
    """Tells readers which deliveries are outdated because their results were written meanwhile."""

    def __init__(self) -> None:
        self._written: dict[int, set[int]] = {}

    @contextmanager
    def track(self) -> Iterator[set[int]]:
        """Track a read for the block; yields the deliveries whose results are written meanwhile."""
        written: set[int] = set()
        self._written[id(written)] = written
        try:
            yield written
        finally:
            del self._written[id(written)]

    def add_written(self, delivery_id: int) -> None:
        """The result of a delivery was written."""
        for written in self._written.values():
            written.add(delivery_id)
