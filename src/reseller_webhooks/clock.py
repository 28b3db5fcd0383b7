"""The one source of time. Store wall time, measure with the monotonic clock."""

import time
from collections.abc import Callable

Micros = int
"""UTC, in microseconds since 1970; how every instant is stored."""

SECOND: Micros = 1_000_000
DAY: Micros = 86_400 * SECOND
LAST: Micros = 253_402_300_800 * SECOND - 1
"""The end of the year 9999: what a date can say."""


def now() -> Micros:
    """Wall time now."""
    return time.time_ns() // 1000


cpu_s = time.process_time
"""Processor seconds of this process, all threads together."""
monotonic_s = time.monotonic
"""Seconds on a clock that never goes back; only differences mean anything."""

STEP_S = 1.0
"""A smaller difference than this from the expected time is not a step of the clock."""


class StoreClock:
    """The store's time between two readings: the last reading, carried on by the monotonic clock.

    A step of this machine's clock does not change it. A step of the store's clock is noticed at
    the next reading.
    """

    def __init__(self, clock_s: Callable[[], float] = monotonic_s) -> None:
        self._clock_s = clock_s
        self._read: tuple[Micros, float] | None = None

    @property
    def is_known(self) -> bool:
        """True if the store's clock was read."""
        return self._read is not None

    def now(self) -> Micros:
        """The store's time; before the first reading, this machine's."""
        return _carried_on(self._read, self._clock_s()) if self._read else now()

    def ahead_s(self) -> float:
        """The offset of this machine's clock from the store's, in seconds; positive if ahead."""
        return (now() - self.now()) / SECOND

    def read(self, at: Micros, asked_s: float) -> Micros:
        """Take a reading; by how much the clock was stepped since the last one, or 0.

        asked_s: monotonic seconds when the store was asked. The store read its clock some time
        between then and now, so only a reading outside of that span is a step.
        """
        got_s = self._clock_s()
        before, self._read = self._read, (at, got_s)
        if before is None:
            return 0
        earliest, latest = _carried_on(before, asked_s), _carried_on(before, got_s)
        is_step = not earliest - STEP_S * SECOND <= at <= latest + STEP_S * SECOND
        return at - latest if is_step else 0


def _carried_on(reading: tuple[Micros, float], clock_s: float) -> Micros:
    """The store's time at an instant of the monotonic clock, if it was not stepped."""
    at, read_s = reading
    return at + round((clock_s - read_s) * SECOND)
