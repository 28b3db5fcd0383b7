"""From which delivery's number on to ask for new ones."""

from collections import deque
from math import inf

LATE_S = 10.0
"""A transaction may commit this much later than another whose deliveries have higher numbers."""
STEP_S = LATE_S / 4
AGAIN_S = 1.0
"""How often numbers are asked for again that may still be missing."""


class Arrivals:
    """Numbers up to which deliveries have been seen, and when. Instants are the loop's seconds.

    Every number is asked for again each second, until nothing can still appear below it. What
    was finished in between is gone from the table, so asking again costs little.
    """

    def __init__(self) -> None:
        self._settled = 0
        """Nothing new can appear up to this number."""
        self._seen: deque[tuple[float, int]] = deque()
        self._again_at = -inf

    def since(self, at: float) -> int:
        """Ask for those with higher numbers than this."""
        return self._settled if self.is_again(at) or not self._seen else self._seen[-1][1]

    def note(self, newest: int, began: float, at: float) -> None:
        """This is the highest number found, by asking that began and ended at those times."""
        if self.is_again(began):
            self._again_at = began
            # An entry gathers numbers for a step, and any of them may be the newest of its time.
            while self._seen and self._seen[0][0] <= began - LATE_S - STEP_S:
                self._settled = self._seen.popleft()[1]
        newest = max(newest, self._seen[-1][1] if self._seen else 0)
        if self._seen and at - self._seen[-1][0] < STEP_S:
            at, _ = self._seen.pop()
        self._seen.append((at, newest))

    def is_again(self, at: float) -> bool:
        """Whether numbers are asked for again now."""
        return bool(self._seen) and at - self._again_at >= AGAIN_S
