"""python -m bench.backfill: a backfill through kill -9; then whether every record came.

Exits 1 when a record never reached the receiver, or when two notifications were made for one.
"""

import random
import sys
import time
from functools import partial

from bench.program import Receiver, Server, workshop
from testkit.processes import wait_until

RECORDS = 20_000
A_REQUEST = 1_000
RATE = 1_000
KILLS = 3
WITHIN_S = 300


def main() -> int:
    with workshop() as directory:
        receiver = Receiver(directory)
        server = Server(directory)
        try:
            return _run(server, receiver)
        finally:
            server.kill()
            receiver.end()


def _run(server: Server, receiver: Receiver) -> int:
    server.start()
    for start in range(0, RECORDS, A_REQUEST):
        server.change([server.company(n, "Acme") for n in range(start, start + A_REQUEST)])
    webhook = server.add_webhook(f"{receiver.url}/hook", maxInFlight=64)["id"]
    path = f"/api/v1/webhooks/{webhook}/backfill"
    began = time.monotonic()
    server.api.post(path, params=_of(server), json={"ratePerSecond": RATE}).raise_for_status()
    for kill in range(1, KILLS + 1):
        part = partial(_has_received, receiver, RECORDS * kill // (KILLS + 1))
        wait_until(part, f"kill {kill}'s share is received", WITHIN_S)
        time.sleep(random.uniform(0, 0.5))  # noqa: S311 - anywhere between two steps
        server.kill()
        print(f"kill -9 at {receiver.count()} received")
        server.start()
    wait_until(
        lambda: _state(server, path) == "DONE" and not _pending(server),
        "the backfill ends",
        WITHIN_S,
    )
    took_s = time.monotonic() - began
    print(f"{RECORDS} records at {RATE} a second, {KILLS} kills: {took_s:.1f} s")
    return _report(server, receiver)


def _report(server: Server, receiver: Receiver) -> int:
    came = [event for event, _ in receiver.times()]
    about = _records_of_events(server)
    told = {about[event] for event in came}
    doubled = len(about) - len(set(about.values()))
    print(f"received      {len(came)}, of these different {len(set(came))}")
    print(f"duplicates    {len(came) - len(set(came))}")
    print(f"made twice    {doubled}")
    print(f"lost          {RECORDS - len(told)}")
    return 1 if doubled or len(told) != RECORDS else 0


def _records_of_events(server: Server) -> dict[str, str]:
    """Which record each notification in the log is about."""
    found: dict[str, str] = {}
    query = _of(server) | {"limit": "500"}
    while True:
        answer = server.api.get("/api/v1/deliveries", params=query).json()
        found |= {one["event"]: one["resourceUuid"] for one in answer["items"]}
        if not answer["nextCursor"]:
            return found
        query["cursor"] = answer["nextCursor"]


def _of(server: Server) -> dict[str, str]:
    return {"reseller": server.reseller}


def _state(server: Server, path: str) -> str:
    return str(server.api.get(path, params=_of(server)).json()["state"])


def _pending(server: Server) -> bool:
    query = _of(server) | {"state": "PENDING", "limit": "1"}
    return bool(server.api.get("/api/v1/deliveries", params=query).json()["items"])


def _has_received(receiver: Receiver, count: int) -> bool:
    return receiver.count() >= count


if __name__ == "__main__":
    sys.exit(main())
