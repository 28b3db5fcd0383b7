"""The horizon of a table, shared by all readers of one process.

A horizon only knows what a process has looked at, so one that all share is the newest there is.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock

from reseller_webhooks.core.sync.horizon import Horizon


@dataclass(frozen=True, slots=True)
class SettledHorizon:
    """The read horizon. newest: highest number given. upto: no row can still appear up to it."""

    newest: int
    upto: int

    def within(self, last: int) -> int:
        """The highest number, `last` at most, up to which no row can still appear."""
        return last if self.upto == self.newest else min(last, self.upto)


class SharedHorizon:
    """The horizon of one table. Reads are serialized, since each builds on the one before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._horizon = Horizon()

    def advance(self, look: Callable[[], tuple[int, Collection[str]]]) -> SettledHorizon:
        """look: reads the last number and then who is writing the table."""
        with self._lock:
            newest, writers = look()
            if newest < self._horizon.newest:  # a failover lost the last moments
                self._horizon = Horizon()
            self._horizon, _ = self._horizon.advanced(newest, writers)
            return SettledHorizon(newest, min(newest, self._horizon.settled))
