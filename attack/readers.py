"""200 connections of one reseller that read its log all the time, beside the platform's changes."""

import time
from functools import partial
from itertools import count

import httpx

from attack.asking import ask_again, get
from attack.measuring import measured
from bench.program import Server
from testkit.raw_http import STRANGER

CONNECTIONS = 200
LINES = 400
PAGE = "/api/v1/deliveries?limit=100"


def log_readers(server: Server) -> str:
    """One line about the platform's changes."""
    reseller = server.command("resellers", "add", f"Readers {time.monotonic_ns()}")
    key = server.command("api-keys", "add", "--reseller", reseller)
    limits = {"requestsPerSecond": 100_000}
    server.api.patch(f"/api/v1/resellers/{reseller}/quotas", json=limits).raise_for_status()
    body = {"url": "https://127.0.0.1:9/", "resource": "COMPANY", "actions": ["ADDED"]}
    of_reader = {"reseller": reseller}
    server.api.post("/api/v1/webhooks", params=of_reader, json=body).raise_for_status()
    server.change([server.company(number, "Readers") | of_reader for number in range(LINES)])
    numbers = count()

    def change() -> httpx.Response:
        changes = [server.company(next(numbers) % 1_000, f"{time.monotonic_ns()}")]
        return server.api.post("/api/v1/changes", json={"changes": changes})

    return measured(server, partial(read, key=key), change)


def read(port: int, key: str) -> str:
    """Read the log over 200 connections."""
    return ask_again(port, [get(PAGE, f"Authorization: Bearer {key}")], CONNECTIONS, STRANGER)
