"""How long others' changes take beside something, paired with how long they take without it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench import postgres
from bench.program import Server, workshop
from bench.workplace import KEY

BEAT_S = 0.05
CALLERS = 8
KEYS = {"RESELLER_WEBHOOKS_SECRET_KEYS": KEY}


def measure_on_each_store(measure: Callable[[str, Server, str], None]) -> None:
    """Measure a new server on SQLite, then on PostgreSQL.

    measure: takes the store's name, the server, and the id of another reseller.
    """
    for name, new_server in (("SQLite", _on_sqlite), ("PostgreSQL", _on_postgresql)):
        with new_server() as server:
            other = server.command("resellers", "add", "Other")
            server.start()
            try:
                measure(name, server, other)
            finally:
                server.kill()


@contextmanager
def _on_sqlite() -> Iterator[Server]:
    with workshop() as directory:
        yield Server(directory, **KEYS)


@contextmanager
def _on_postgresql() -> Iterator[Server]:
    with workshop() as directory, postgres.server() as store:
        yield Server(directory, **KEYS, RESELLER_WEBHOOKS_DATABASE=store.url)


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
