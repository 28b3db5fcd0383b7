"""From which delivery's number on to ask for new ones."""

from collections import deque

LATE_S = 10.0
"""A transaction may commit this much later than another whose deliveries have higher numbers."""
STEP_S = LATE_S / 4
AGAIN_S = 1.0
"""How often numbers are asked for again that may still be missing."""


class Arrivals:
    """Numbers up to which deliveries have been seen, and when. Instants are the loop's seconds.

    settled: nothing new can appear up to this number. What is above it is asked for again each
    second; what was finished in between is gone from the table, so asking again costs little.
    """

    def __init__(self, settled: int = 0) -> None:
        self.settled = settled
        self._seen: deque[tuple[float, int]] = deque()

    @property
    def newest(self) -> int:
        """The highest number seen: ask for those above it."""
        return self._seen[-1][1] if self._seen else self.settled

    def note(self, newest: int, at: float) -> None:
        """This is the highest number found, by asking that ended then."""
        newest = max(newest, self.newest)
        if self._seen and at - self._seen[-1][0] < STEP_S:
            at, _ = self._seen.pop()
        self._seen.append((at, newest))

    def settle(self, began: float) -> None:
        """All above `settled` was asked for again, from then on."""
        # An entry gathers numbers for a step, and any of them may be the newest of its time.
        while self._seen and self._seen[0][0] <= began - LATE_S - STEP_S:
            self.settled = self._seen.popleft()[1]
