"""The process itself: its version, its use of the machine, the lag of its event loop."""

import asyncio
import platform

from prometheus_client import Histogram, Info, ProcessCollector

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.observability import registry

EVERY_S = 0.5
"""Between two measurements of the event loop's lag; each costs a few microseconds."""

ProcessCollector(registry=registry)
build = Info(
    "reseller_webhooks_build",
    "Version of this program, its role, and what it runs on.",
    registry=registry,
)
event_loop_lag_seconds = Histogram(
    "reseller_webhooks_event_loop_lag_seconds",
    "How late the event loop runs a task that is due, measured twice a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=registry,
)


def describe_build(*, version: str, role: str, database: str) -> None:
    """Set the labels of `reseller_webhooks_build_info`."""
    python = platform.python_version()
    build.info({"version": version, "role": role, "database": database, "python": python})


async def measure_event_loop() -> None:
    """Measure the event loop's lag until cancelled."""
    while True:
        start_s = monotonic_s()
        await asyncio.sleep(EVERY_S)
        event_loop_lag_seconds.observe(max(0.0, monotonic_s() - start_s - EVERY_S))
