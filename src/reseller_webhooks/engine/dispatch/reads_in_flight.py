"""Reads of the store that are under way, and which results were written since each began."""

from collections.abc import Iterator
from contextlib import contextmanager


class ReadsInFlight:
    """A result that was written since a read began is newer than what the read returns."""

    def __init__(self) -> None:
        self._written: dict[int, set[int]] = {}

    @contextmanager
    def track(self) -> Iterator[set[int]]:
        """A read, as long as the block lasts: yields deliveries whose results are written then."""
        written: set[int] = set()
        self._written[id(written)] = written
        try:
            yield written
        finally:
            del self._written[id(written)]

    def add_written(self, delivery_id: int) -> None:
        """The result of a delivery is in the store."""
        for written in self._written.values():
            written.add(delivery_id)
