"""Calls of the API on a store with 300,000 lines of the log and 30,000 records of one reseller.

Each is asked for over HTTP from the real program, one after another; what changes something
changes it each time. None may get slower as the store grows.
"""

import statistics
import time
from collections.abc import Callable
from itertools import count

import httpx

from bench.pages import fill, send
from bench.program import Server, workshop

RECORDS = 30_000
ASKED = 40
LIMIT_MS = 20
RECORD = "/api/account/v1/companies"


def main() -> None:
    with workshop() as directory:
        server = Server(directory, "--role", "api")
        server.start()
        try:
            hook, record = fill(server, RECORDS)
            lines, last = send(str(directory / "bench.db"))
            print(f"{lines:,} lines, {RECORDS:,} records")
            for name, call in _calls(server, hook, record, last).items():
                _print(name, call)
        finally:
            server.stop()


def _print(name: str, call: Callable[[], httpx.Response]) -> None:
    call().raise_for_status()
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        call().raise_for_status()
        times.append((time.perf_counter() - began) * 1000)
    missed = " MISSED" if statistics.median(times) > LIMIT_MS else ""
    print(
        f"{name:34} median {statistics.median(times):6.1f} ms, p95 {sorted(times)[-3]:6.1f} ms"
        f"{missed}",
        flush=True,
    )


def _calls(
    server: Server, hook: str, record: str, last: str
) -> dict[str, Callable[[], httpx.Response]]:
    number = count(RECORDS)
    own = {"reseller": server.reseller}

    def get(path: str, **given: str) -> Callable[[], httpx.Response]:
        return lambda: server.api.get(path, params=own | given)

    def changed() -> httpx.Response:
        some = [server.company(next(number), "New"), server.company(7, f"Again {next(number)}")]
        return server.api.post("/api/v1/changes", json={"changes": some})

    def patched() -> httpx.Response:
        given = {"name": f"Patched {next(number)}"}
        return server.api.patch(f"{RECORD}/{record}", params=own, json=given)

    def configured() -> httpx.Response:
        given = {"maxInFlight": 1 + next(number) % 50}
        return server.api.patch(f"/api/v1/webhooks/{hook}", params=own, json=given)

    def event() -> str:
        delivery = server.api.get(f"/api/v1/deliveries/{last}", params=own).json()
        return str(delivery["event"])

    return {
        "two changes": changed,
        "PATCH of a record": patched,
        "GET of a record": get(f"{RECORD}/{record}"),
        "records": get(RECORD),
        "webhooks": get("/api/v1/webhooks"),
        "PATCH of a webhook": configured,
        "deliveries": get("/api/v1/deliveries"),
        "deliveries, pending": get("/api/v1/deliveries", state="PENDING"),
        "deliveries, failed": get("/api/v1/deliveries", state="FAILED"),
        "deliveries of a webhook": get("/api/v1/deliveries", webhook=hook),
        "deliveries of an action": get("/api/v1/deliveries", action="CHANGED"),
        "deliveries of a record": get("/api/v1/deliveries", resourceUuid=record),
        "a delivery": get(f"/api/v1/deliveries/{last}"),
        "an event": get(f"/api/v1/events/{event()}"),
        "a page of the snapshot": get("/api/v1/sync/COMPANY", limit="100"),
        "the digest": get("/api/v1/sync/COMPANY/digest"),
        "readyz": get("/readyz"),
        "metrics": get("/metrics"),
    }


if __name__ == "__main__":
    main()
