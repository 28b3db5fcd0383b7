"""python -m bench.backfills: three backfills at 1,000 a second each, beside another's changes.

BACKFILL_RECORDS makes it smaller: records that each of the three sends, 100,000 by default.
"""

import os
import time

from bench.beside import beat, lasting, measure_on_each_store, print_waits
from bench.program import Receiver, Server

RECORDS = int(os.environ.get("BACKFILL_RECORDS", "100000"))
WEBHOOKS = 3
RATE = 1_000
A_REQUEST = 500
QUIET_S = 10.0
WITHIN_S = 1_800.0


def main() -> None:
    print(f"  {WEBHOOKS} backfills of {RECORDS} records, {RATE} a second each")
    measure_on_each_store(_measure)


def _measure(name: str, server: Server, other: str) -> None:
    with Receiver(server.directory) as receiver:
        _backfill(name, server, other, receiver)


def _backfill(name: str, server: Server, other: str, receiver: Receiver) -> None:
    for start in range(0, RECORDS, A_REQUEST):
        last = min(start + A_REQUEST, RECORDS)
        server.change([server.company(n, "Acme") for n in range(start, last)])
    paths = [
        f"/api/v1/webhooks/{server.add_webhook(f'{receiver.url}/{n}', maxInFlight=64)['id']}"
        for n in range(WEBHOOKS)
    ]
    quiet = beat(server, other, lasting(QUIET_S))
    began = time.monotonic()
    of = {"reseller": server.reseller}
    for path in paths:
        body = {"ratePerSecond": RATE}
        server.api.post(f"{path}/backfill", params=of, json=body).raise_for_status()
    beside = beat(server, other, lambda: _is_running(server, paths, began))
    took_s = time.monotonic() - began
    print(f"  {name}: {took_s:.0f} s for {RECORDS / RATE:.0f} s asked for")
    print_waits(quiet=quiet, beside=beside)


def _is_running(server: Server, paths: list[str], began: float) -> bool:
    if time.monotonic() - began > WITHIN_S:
        raise SystemExit("the backfills did not end")
    of = {"reseller": server.reseller}
    answers = [server.api.get(f"{path}/backfill", params=of).json() for path in paths]
    return any(one["state"] == "RUNNING" for one in answers)


if __name__ == "__main__":
    main()
