"""make chaos: kill -9 in the middle of changes under load, several times; then count what was lost.

An acknowledged event is one whose change was answered 2xx. After the last kill the program runs
until its log has nothing pending, and every acknowledged event must have reached the receiver. Then
each promise of docs/engine.md is asked by its query. Exits 1 when anything is lost or broken.
"""

import random
import sys
import threading
import time
from typing import Any

import httpx

from bench.program import Server, workshop
from chaos.evidence import Acknowledged, Evidence, WebhookDetails
from chaos.feeder import now
from chaos.receiving import LoggingReceiver
from chaos.report import report_promises
from reseller_webhooks.store.db.database import Database
from testkit.processes import wait_until

EVENTS = 20_000
A_REQUEST = 50
KILLS = 5
AT_ONCE = 64
WITHIN_S = 300


def main() -> int:
    with workshop() as directory:
        receiver = LoggingReceiver(directory)
        server = Server(directory)
        try:
            return _run(server, receiver)
        finally:
            server.kill()
            receiver.end()


def _run(server: Server, receiver: LoggingReceiver) -> int:
    server.start()
    server.add_webhook(f"{receiver.url}/hook", maxInFlight=AT_ONCE)
    acknowledged: list[Acknowledged] = []
    feeding = threading.Thread(target=_feed, args=(server, acknowledged))
    feeding.start()
    for kill in range(1, KILLS + 1):
        while feeding.is_alive() and len(acknowledged) < EVENTS * kill // (KILLS + 1):
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.2))  # noqa: S311 - anywhere between two commits
        server.kill()
        print(f"kill -9 at {len(acknowledged)} acknowledged, {receiver.count()} received")
        server.start()
    feeding.join()
    _wait_until_nothing_is_pending(server)
    evidence = Evidence(
        Database(server.environment["RESELLER_WEBHOOKS_DATABASE"]),
        [WebhookDetails("/hook", server.reseller, max_in_flight=AT_ONCE)],
        acknowledged,
        receiver.received(),
    )
    broken = any(verdict.breaches for verdict in report_promises(evidence))
    return _report([one.event for one in acknowledged], receiver) or int(broken)


def _feed(server: Server, acknowledged: list[Acknowledged]) -> None:
    """Send every change; what was not answered is sent again under the same key."""
    for start in range(0, EVENTS, A_REQUEST):
        some = [server.company(n, f"Company {n}") for n in range(start, start + A_REQUEST)]
        while True:
            try:
                results = server.change(some, key=f"chaos-{start}")
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                acknowledged += [_acknowledged(server, result) for result in results]
                break


def _acknowledged(server: Server, result: dict[str, Any]) -> Acknowledged:
    number = result["uuid"].removeprefix("c-")
    name = f"Company {number}"
    return Acknowledged(
        result["event"], server.reseller, result["uuid"], result["version"], name, now()
    )


def _wait_until_nothing_is_pending(server: Server) -> None:
    query = {"state": "PENDING", "limit": "1", "reseller": server.reseller}
    wait_until(
        lambda: not server.api.get("/api/v1/deliveries", params=query).json()["items"],
        "no delivery is pending",
        WITHIN_S,
    )


def _report(acknowledged: list[str], receiver: LoggingReceiver) -> int:
    received = [event for event, _ in receiver.times()]
    lost = set(acknowledged) - set(received)
    print(f"acknowledged  {len(acknowledged)}, of these different {len(set(acknowledged))}")
    print(f"received      {len(received)}, of these different {len(set(received))}")
    print(f"duplicates    {len(received) - len(set(received))}")
    print(f"lost          {len(lost)}")
    return 1 if lost or len(set(acknowledged)) != EVENTS else 0


if __name__ == "__main__":
    sys.exit(main())
