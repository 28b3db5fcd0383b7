"""Many sign-ins at once hold up nobody else and take little memory."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.sign_in.password_hashing import (
    PLACES_OF_CALLER,
    PLACES_OF_STRANGERS,
)
from reseller_webhooks.operations import authentication, resellers
from tests.conftest import Running, serving
from tests.pages.browser_client import words

AT_ONCE = 40
MIB = 1024 * 1024
TWO_HASHES = 2 * 64 * MIB
ROOM = 96 * MIB
"""For what answers and clients of this test take; 40 hashes at once take 2,560 MiB."""
SLOWER_MAX, SLACK_S = 10, 0.5
"""How much slower reads may be than without the flood; before this limit they took 12 s."""


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path, migrated) as one:
        yield one


class Visitors:
    """Browsers that have the sign-in form open. Each says from which address it comes."""

    def __init__(self, running: Running) -> None:
        limits = httpx.Limits(max_connections=None)
        self._client = httpx.AsyncClient(base_url=running.url, timeout=60, limits=limits)
        self._origin = running.url

    async def __aenter__(self) -> "Visitors":
        page = await self._client.get(paths.SIGN_IN)
        found = re.search(r'name="form-token" value="([^"]+)"', page.text)
        self._token = found[1] if found else ""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, number: int, address: str) -> httpx.Response:
        fields = {"email": f"u{number}@acme.example", "password": "x", "form-token": self._token}
        headers = {"origin": self._origin, "x-forwarded-for": address}
        return await self._client.post(paths.SIGN_IN, data=fields, headers=headers)


async def timed_reads(running: Running, until: asyncio.Event) -> list[float]:
    """How long each of some reads of the API took, until an event and fifty at least."""
    reseller = await asyncio.to_thread(resellers.add, running.database, "Northwind")
    made = await asyncio.to_thread(
        authentication.add_key, running.database, Scope.RESELLER, reseller.uuid
    )
    took: list[float] = []
    headers = {"authorization": f"Bearer {made.key}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60) as client:
        while len(took) < 50 or not until.is_set():
            begun = time.monotonic()
            (await client.get("/api/v1/webhooks")).raise_for_status()
            took.append(time.monotonic() - begun)
    return took


async def most_memory(until: asyncio.Event) -> int:
    """The most resident bytes of this process until an event."""
    process, most = psutil.Process(), 0
    while not until.is_set():
        most = max(most, process.memory_info().rss)
        await asyncio.sleep(0.005)
    return most


def p99(took: list[float]) -> float:
    return sorted(took)[-1 - len(took) // 100]


async def test_a_flood_from_one_address_slows_no_reads_and_takes_little_memory(
    running: Running,
) -> None:
    over = asyncio.Event()
    over.set()
    quiet = p99(await timed_reads(running, over))
    over.clear()
    before = psutil.Process().memory_info().rss
    async with Visitors(running) as visitors, asyncio.TaskGroup() as group:
        reads = group.create_task(timed_reads(running, over))
        memory = group.create_task(most_memory(over))
        flood = (visitors.sign_in(number, "203.0.113.7") for number in range(AT_ONCE))
        answers = await asyncio.gather(*flood)
        over.set()

    refused = [one for one in answers if one.status_code == 429]
    assert AT_ONCE // 2 <= len(refused) <= AT_ONCE - PLACES_OF_CALLER
    assert {one.headers["retry-after"] for one in refused} == {"1"}
    assert f"{PLACES_OF_CALLER} passwords are being checked" in words(refused[0].text)
    assert 'value="u' in refused[0].text, "the form keeps the address"
    assert p99(reads.result()) < SLOWER_MAX * quiet + SLACK_S
    assert memory.result() - before < TWO_HASHES + ROOM


async def test_a_full_queue_refuses_everybody_else_and_then_goes_on(running: Running) -> None:
    async with Visitors(running) as visitors:
        flood = (visitors.sign_in(n, f"203.0.113.{n}") for n in range(AT_ONCE))
        answers = await asyncio.gather(*flood)
        async with asyncio.timeout(60):
            while (after := await visitors.sign_in(99, "203.0.113.99")).status_code == 503:
                pass

    # On a machine that is very busy some of those that are not refused take too long (503 as well).
    sentence = f"{PLACES_OF_STRANGERS} people are signing in"
    refused = [one for one in answers if sentence in words(one.text)]
    assert 0 < len(refused) <= AT_ONCE - PLACES_OF_STRANGERS
    assert {(one.status_code, one.headers["retry-after"]) for one in refused} == {(503, "1")}
    assert after.status_code == 401
