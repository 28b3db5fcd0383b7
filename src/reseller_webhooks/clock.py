"""The one place that asks what time it is. Store wall time, measure with the monotonic clock."""

import time

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
