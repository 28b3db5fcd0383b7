"""What is late costs only so much while others are in time.

A receiver that was away for a day comes back to a long backlog. Sent as fast as it is taken, that
would use up the processor, and everybody's new notifications would wait behind it. So together the
late webhooks get a share of one core, as long as others send in time; alone they get all of it.
"""

from collections.abc import Callable
from math import inf

SHARE = 1 / 6
OTHERS_S = 1.0
"""Others are in time if one of them sent something so short a while ago."""
SLACK_S = 0.001
"""How much may start at once: timers are not finer. What starts in one go, others wait for."""
MEASURE_S = 0.25
COST_MIN_S, COST_MAX_S = 0.0001, 0.001
"""Of one delivery. A process may be busy with other things, which must not stop what is late."""


class LateThrottle:
    """When something late may start. cpu_s: of this process so far. Instants are the loop's."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self._cpu_s = cpu_s
        self._cost_s = COST_MAX_S
        self._count = 0
        self._cpu_before_s, self._measured_at = 0.0, -inf
        self._in_time_at = -inf
        self._next_at = 0.0

    def open_at(self, at: float) -> float:
        """When the next late delivery may start: an instant that is not after `at` for now."""
        return at if self.is_alone(at) else self._next_at - SLACK_S

    def is_open(self, at: float) -> bool:
        """Whether something late may start now."""
        return self.open_at(at) <= at

    def is_alone(self, at: float) -> bool:
        """Whether nothing in time was sent of late."""
        return at - self._in_time_at > OTHERS_S

    def started(self, at: float, *, late: bool) -> None:
        """A delivery has started."""
        self._count += 1
        if not late:
            self._in_time_at = at
            return
        if at - self._measured_at >= MEASURE_S:
            self._measure(at)
        # What was sent alone is not held against it once others come.
        since = at if self.is_alone(at) else max(self._next_at, at)
        self._next_at = since + self._cost_s / SHARE

    def _measure(self, at: float) -> None:
        cpu_s = self._cpu_s()
        cost_s = (cpu_s - self._cpu_before_s) / self._count
        self._cost_s = min(max(cost_s, COST_MIN_S), COST_MAX_S)
        self._cpu_before_s, self._measured_at, self._count = cpu_s, at, 0
