"""200 connections of one reseller that read its log all the time, beside the platform's changes."""

import asyncio
import time
from collections import Counter
from functools import partial
from itertools import count

import httpx

from attack.measuring import measured
from bench.program import Server

SECONDS, CONNECTIONS = 8.0, 200
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
    return asyncio.run(_read_all(port, key))


async def _read_all(port: int, key: str) -> str:
    request = f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
    found = Counter[str]()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(_read(port, request.encode(), time.monotonic() + SECONDS, found))
    return "answers: " + ", ".join(f"{number} of {status}" for status, number in found.items())


async def _read(port: int, request: bytes, until: float, found: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields[b"content-length"]))
        found[head.split(b" ", 2)[1].decode()] += 1
    writer.close()
