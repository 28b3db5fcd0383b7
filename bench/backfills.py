"""python -m bench.backfills: three backfills at 1,000 a second each, beside another's changes.

BACKFILL_RECORDS makes it smaller: records that each of the three sends, 100,000 by default.
"""

import os
import time
from collections.abc import Iterator

from bench.beside import Outcome, Waits, beat, exit_if_missed, plain_row, quiet_beat
from bench.program import Receiver, Server

RECORDS = int(os.environ.get("BACKFILL_RECORDS", "100000"))
WEBHOOKS = 3
RATE = 1_000
A_REQUEST = 500
WITHIN_S = 1_800.0
LATE_MAX = 1.5
"""How much longer than at the rate that was asked for."""
TOLD = """
SELECT count(*), count(DISTINCT id) FROM event WHERE ticked = 0
"""


def main() -> None:
    print(f"  {WEBHOOKS} backfills of {RECORDS} records, {RATE} a second each")
    exit_if_missed(measure)


def measure(name: str, server: Server, other: str, *, records: int = RECORDS) -> Iterator[Outcome]:
    """Each record reaches each of the webhooks, by one event."""
    with Receiver(server.directory) as receiver:
        yield _backfill(f"backfills, {name}", server, other, receiver, records).print()


def _backfill(name: str, server: Server, other: str, receiver: Receiver, records: int) -> Outcome:
    reseller = server.command("resellers", "add", "Backfilled")
    of = {"reseller": reseller}
    for start in range(0, records, A_REQUEST):
        some = range(start, min(start + A_REQUEST, records))
        server.change([server.company(n, "Acme") | of for n in some])
    paths = [
        f"/api/v1/webhooks/{_add_webhook(server, f'{receiver.url}/{n}', reseller)}"
        for n in range(WEBHOOKS)
    ]
    quiet = quiet_beat(server, other)
    began, cpu_s = time.monotonic(), server.cpu_s()
    for path in paths:
        body = {"ratePerSecond": RATE}
        server.api.post(f"{path}/backfill", params=of, json=body).raise_for_status()
    beside = beat(server, other, lambda: _is_running(server, of, paths, began))
    took_s = time.monotonic() - began
    cpu_us = (server.cpu_s() - cpu_s) * 1e6 / (WEBHOOKS * records)
    events, different = plain_row(server, TOLD)
    print(f"  {cpu_us:.0f} µs CPU of the program for each record; {different} events came to be")
    is_right = events == different == WEBHOOKS * records
    wrong = "" if is_right else f"{events} events, {WEBHOOKS * records} wanted"
    # Half as long again: the rate is a limit, and others go first.
    within_s = LATE_MAX * records / RATE
    return Outcome(name, took_s, Waits(quiet, beside), server.peak_mb(), wrong, within_s)


def _add_webhook(server: Server, url: str, reseller: str) -> str:
    return str(server.add_webhook(url, reseller=reseller, maxInFlight=64)["id"])


def _is_running(server: Server, of: dict[str, str], paths: list[str], began: float) -> bool:
    if time.monotonic() - began > WITHIN_S:
        raise SystemExit("the backfills did not end")
    answers = [server.api.get(f"{path}/backfill", params=of).json() for path in paths]
    return any(one["state"] == "RUNNING" for one in answers)


if __name__ == "__main__":
    main()
