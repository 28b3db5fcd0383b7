"""A priority queue over items whose load changes while they wait."""

from collections.abc import Callable, Hashable
from heapq import heappop, heappush, heapreplace
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class LeastLoaded(Generic[Item]):
    """Returns the item with the least load; among equal ones the one that was added first.

    load: the present load of an item. Call `load_lowered` when it falls; a rise needs no call.
    """

    def __init__(self, load: Callable[[Item], int]) -> None:
        self._load = load
        self._heap: list[tuple[int, int, Item]] = []
        self._entries: dict[Item, tuple[int, int]] = {}
        """The entry of each item; others in the heap are stale."""
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, item: object) -> bool:
        return item in self._entries

    def add(self, item: Item) -> None:
        """Add an item; if it is there already, it keeps its place among equals."""
        if item in self._entries:
            self.load_lowered(item)
        else:
            self._push(item, self._load(item), next(self._numbers))

    def load_lowered(self, item: Item) -> None:
        """The load of an item may have fallen."""
        entry = self._entries.get(item)
        if entry is not None and (load := self._load(item)) < entry[0]:
            self._push(item, load, entry[1])

    def first(self) -> Item | None:
        """The item with the least load, or None when there is no item."""
        while self._heap:
            load, number, item = self._heap[0]
            if self._entries.get(item) != (load, number):
                heappop(self._heap)
            elif (now := self._load(item)) > load:
                self._entries[item] = now, number
                heapreplace(self._heap, (now, number, item))
            else:
                return item
        return None

    def remove(self, item: Item) -> None:
        """Remove an item."""
        del self._entries[item]

    def _push(self, item: Item, load: int, number: int) -> None:
        self._entries[item] = load, number
        heappush(self._heap, (load, number, item))
