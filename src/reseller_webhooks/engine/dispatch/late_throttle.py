"""Limits the CPU share of overdue deliveries while others are on time.

A receiver that comes back after a day has a long backlog. Sent as fast as it accepts, the backlog
would use all CPU time, and new notifications of other webhooks would wait. So all overdue webhooks
together get a share of one core while others are on time, and the whole core otherwise.
"""

from collections.abc import Callable
from math import inf

SHARE = 1 / 6
OTHERS_S = 1.0
"""Others count as on time for this long after an on-time delivery has started."""
SLACK_S = 0.001
"""Timer resolution: overdue deliveries may start this much early, in one burst."""
MEASURE_S = 0.25
COST_MIN_S, COST_MAX_S = 0.0001, 0.001
"""Bounds of a delivery's CPU cost: other work of the process must not stall the backlog."""


class LateThrottle:
    """Spaces out overdue deliveries. cpu_s: CPU seconds of this process. at: the loop's time."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self._cpu_s = cpu_s
        self._cost_s = COST_MAX_S
        self._count = 0
        self._cpu_before_s, self._measured_at = 0.0, -inf
        self._on_time_at = -inf
        self._next_at = 0.0

    def opens_at(self, at: float) -> float:
        """The time at which the next overdue delivery may start; not after `at` if it may start
        now."""
        return at if self.only_late(at) else self._next_at - SLACK_S

    def is_open(self, at: float) -> bool:
        """True if an overdue delivery may start now."""
        return self.opens_at(at) <= at

    def only_late(self, at: float) -> bool:
        """True if no on-time delivery has started lately."""
        return at - self._on_time_at > OTHERS_S

    def delivery_started(self, at: float, *, late: bool) -> None:
        """Account for a delivery that starts."""
        self._count += 1
        if not late:
            self._on_time_at = at
            return
        if at - self._measured_at >= MEASURE_S:
            self._measure_cost(at)
        # Deliveries that started while no others were on time cost nothing afterwards.
        since = at if self.only_late(at) else max(self._next_at, at)
        self._next_at = since + self._cost_s / SHARE

    def _measure_cost(self, at: float) -> None:
        cpu_s = self._cpu_s()
        cost_s = (cpu_s - self._cpu_before_s) / self._count
        self._cost_s = min(max(cost_s, COST_MIN_S), COST_MAX_S)
        self._cpu_before_s, self._measured_at, self._count = cpu_s, at, 0
