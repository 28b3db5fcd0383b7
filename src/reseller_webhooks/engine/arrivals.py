"""From which delivery's number on to ask for new ones."""

from collections import deque

LATE_S = 10.0
"""A transaction may commit this much later than another whose deliveries have higher numbers."""
STEP_S = LATE_S / 4


class Arrivals:
    """Numbers up to which deliveries have been seen, and when. Instants are the loop's seconds.

    Every number is asked for twice, the second time late, when nothing can still appear below
    it. What was finished in between is gone from the table, so the second time costs little.
    """

    def __init__(self) -> None:
        self._settled = 0
        """Nothing new can appear up to this number."""
        self._seen: deque[tuple[float, int]] = deque()

    def since(self, at: float) -> int:
        """Ask for those with higher numbers than this."""
        return self._settled if self.is_late(at) or not self._seen else self._seen[-1][1]

    def note(self, newest: int, at: float) -> None:
        """This is the highest number in the store, in answer to what was asked at that time."""
        while self.is_late(at):
            self._settled = self._seen.popleft()[1]
        if self._seen and at - self._seen[-1][0] < STEP_S:
            at, before = self._seen.pop()
            newest = max(newest, before)
        self._seen.append((at, newest))

    def is_late(self, at: float) -> bool:
        """Whether numbers are asked for the second time now."""
        # An entry gathers numbers for a step, and any of them may be the newest of its time.
        return bool(self._seen) and self._seen[0][0] <= at - LATE_S - STEP_S
