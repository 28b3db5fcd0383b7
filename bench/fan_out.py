"""python -m bench.fan_out: what a request that needs two million deliveries does to others.

1,000 changes of a reseller with 2,000 webhooks, which are paused, so that only the fan-out is
measured and no receiver. Another reseller sends a change at a steady beat, first alone and then
beside it; on SQLite and on PostgreSQL. FAN_OUT_CHANGES, FAN_OUT_WEBHOOKS and FAN_OUT_ROUNDS make
it smaller.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from bench.beside import (
    Outcome,
    Waits,
    add_paused_webhooks,
    beat,
    exit_if_missed,
    plain_row,
    quiet_beat,
)
from bench.program import Server
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import fan_out

CHANGES = int(os.environ.get("FAN_OUT_CHANGES", "1000"))
WEBHOOKS = int(os.environ.get("FAN_OUT_WEBHOOKS", "2000"))
ROUNDS = int(os.environ.get("FAN_OUT_ROUNDS", "2"))
WITHIN_S = 900.0
MADE = """
WITH made AS (
  SELECT event_id, webhook_id FROM delivery
  WHERE webhook_id IN (SELECT id FROM webhook WHERE url LIKE 'https://127.0.0.1:9/%'))
SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM (SELECT DISTINCT * FROM made) pairs)
"""


def main() -> None:
    print(f"  {CHANGES} changes x {WEBHOOKS} webhooks; target: others' p99 up by 100 ms at most")
    exit_if_missed(measure)


def measure(
    name: str, server: Server, other: str, *, webhooks: int = WEBHOOKS, rounds: int = ROUNDS
) -> Iterator[Outcome]:
    """Each round with new changes of the same records."""
    add_paused_webhooks(server, webhooks)
    for number in range(1, rounds + 1):
        yield _round(server, other, f"fan-out, {name}, round {number}", webhooks * number).print()


def _round(server: Server, other: str, name: str, wanted: int) -> Outcome:
    """wanted: deliveries that every record has then, each once."""
    quiet = quiet_beat(server, other)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as caller:
        large = caller.submit(_change_all, server)
        beside = beat(server, other, lambda: _is_under_way(server, large, began))
        answered_s = large.result()
    took_s = time.monotonic() - began
    made, different = plain_row(server, MADE)
    print(
        f"  answered after {answered_s:.2f} s, of {made} deliveries {different} different; "
        f"{made / took_s:.0f} a second until all were made"
    )
    is_right = made == different == wanted * CHANGES
    wrong = "" if is_right else f"{made} deliveries, {wanted * CHANGES} wanted"
    return Outcome(name, took_s, Waits(quiet, beside), server.peak_mb(), wrong)


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
