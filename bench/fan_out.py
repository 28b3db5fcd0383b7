"""python -m bench.fan_out: what a request that needs two million deliveries does to others.

1,000 changes of a reseller with 2,000 webhooks, which are paused, so that only the fan-out is
measured and no receiver. Another reseller sends a change at a steady beat, first alone and then
beside it; on SQLite and on PostgreSQL. FAN_OUT_CHANGES, FAN_OUT_WEBHOOKS and FAN_OUT_ROUNDS make
it smaller.
"""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor

from bench.beside import (
    add_paused_webhooks,
    beat,
    lasting,
    measure_on_each_store,
    print_waits,
)
from bench.program import Server
from reseller_webhooks.store import fan_out
from reseller_webhooks.store.database import Database

CHANGES = int(os.environ.get("FAN_OUT_CHANGES", "1000"))
WEBHOOKS = int(os.environ.get("FAN_OUT_WEBHOOKS", "2000"))
QUIET_S = 10.0
ROUNDS = int(os.environ.get("FAN_OUT_ROUNDS", "2"))
WITHIN_S = 900.0


def main() -> None:
    print(f"  {CHANGES} changes x {WEBHOOKS} webhooks; target: others' p99 up by 100 ms at most")
    measure_on_each_store(_measure)


def _measure(name: str, server: Server, other: str) -> None:
    add_paused_webhooks(server, WEBHOOKS)
    for number in range(1, ROUNDS + 1):
        _round(server, other, f"{name}, round {number}")


def _round(server: Server, other: str, name: str) -> None:
    quiet = beat(server, other, lasting(QUIET_S))
    began = time.monotonic()
    with ThreadPoolExecutor(1) as caller:
        large = caller.submit(_change_all, server)
        beside = beat(server, other, lambda: _is_under_way(server, large, began))
        answered_s = large.result()
    took_s = time.monotonic() - began
    print(
        f"  {name}: answered after {answered_s:.2f} s, "
        f"{CHANGES * WEBHOOKS / took_s:.0f} deliveries/s until all were made ({took_s:.0f} s), "
        f"{server.rss_mb():.0f} MB"
    )
    print_waits(quiet=quiet, beside=beside)


def _is_under_way(server: Server, large: Future[float], began: float) -> bool:
    if time.monotonic() - began > WITHIN_S:
        raise SystemExit("the deliveries were not made in time")
    return not large.done() or _pending(server) > 0


def _change_all(server: Server) -> float:
    began = time.monotonic()
    name = f"Fan-out {time.monotonic_ns()}"
    server.change([server.company(number, name) for number in range(CHANGES)])
    return time.monotonic() - began


def _pending(server: Server) -> int:
    """Read from the store, as the metric is up to 5 s old and costs a scrape."""
    database = Database(server.environment["RESELLER_WEBHOOKS_DATABASE"])
    try:
        with database.read() as tx:
            return fan_out.backlog(tx).count
    finally:
        database.close()


if __name__ == "__main__":
    main()
