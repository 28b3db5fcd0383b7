"""Look-ups take turns by reseller, and what waits for its turn blames nobody."""

import asyncio
import socket
from collections import Counter

import pytest

from reseller_webhooks.engine.sending.http1.name_lookups import (
    MISSING_KEPT_S,
    UNANSWERED_KEPT_S,
    NameLookups,
)

HERE = ["127.0.0.1"]
SILENT, GREEDY, MODEST = "silent", 1, 2
AT_ONCE = 8


class NameServer:
    """Answers every name but those that begin with `silent`, until it is told to."""

    def __init__(self) -> None:
        self.asked = Counter[str]()
        self.answering = asyncio.Event()
        self.error: OSError | None = None

    async def __call__(self, host: str) -> list[str]:
        self.asked[host] += 1
        if host.startswith(SILENT):
            await self.answering.wait()
        if self.error:
            raise self.error
        return HERE


@pytest.fixture
async def server() -> NameServer:
    return NameServer()


def asking(names: NameLookups, host: str, reseller_id: int) -> asyncio.Task[object]:
    return asyncio.create_task(names.addresses(host, reseller_id))


async def turns(count: int = 5) -> None:
    """Let tasks go on that wait for nothing."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_reseller_leaves_lookups_to_the_others(server: NameServer) -> None:
    names = NameLookups(server, at_once=AT_ONCE)
    silent = [asking(names, f"{SILENT}-{n}", GREEDY) for n in range(100)]
    await turns()
    under_way = names.in_use, names.waiting

    assert await names.addresses("hooks.example", MODEST) == HERE
    assert under_way == (AT_ONCE // 2, 100 - AT_ONCE // 2)

    server.answering.set()
    await asyncio.gather(*silent)
    assert (names.in_use, names.waiting) == (0, 0)


async def test_a_name_that_waits_comes_with_the_first_turn_of_whoever_asks(
    server: NameServer,
) -> None:
    names = NameLookups(server, at_once=AT_ONCE)
    silent = [asking(names, f"{SILENT}-{n}", GREEDY) for n in range(AT_ONCE)]
    behind = asking(names, "hooks.example", GREEDY)
    await turns()
    is_behind = not behind.done()
    found = await names.addresses("hooks.example", MODEST)

    assert is_behind
    assert found == await behind == HERE
    assert server.asked["hooks.example"] == 1
    server.answering.set()
    await asyncio.gather(*silent)


async def test_a_name_that_is_known_waits_for_nothing(server: NameServer) -> None:
    names = NameLookups(server, at_once=AT_ONCE)
    await names.addresses("hooks.example")
    silent = [asking(names, f"{SILENT}-{n}", GREEDY) for n in range(AT_ONCE)]
    await turns()

    assert names.turn("hooks.example", GREEDY) is None
    assert names.turn("other.example", GREEDY) is not None
    names.close()
    await asyncio.gather(*silent, return_exceptions=True)


@pytest.mark.parametrize(
    ("error", "kept_s"),
    [(socket.EAI_NONAME, MISSING_KEPT_S), (socket.EAI_AGAIN, UNANSWERED_KEPT_S)],
)
async def test_a_name_that_nobody_answers_for_is_asked_for_less_often(
    server: NameServer, error: int, kept_s: float
) -> None:
    now_s = 0.0
    names = NameLookups(server, monotonic_s=lambda: now_s)
    server.error = socket.gaierror(error, "told so")
    for at_s in (0.0, kept_s - 0.1, kept_s + 0.1):
        now_s = at_s
        with pytest.raises(socket.gaierror):
            await names.addresses("hooks.example")

    assert server.asked["hooks.example"] == 2


async def test_nothing_begins_once_it_is_closed(server: NameServer) -> None:
    names = NameLookups(server, at_once=2)
    tasks = [asking(names, f"{SILENT}-{n}", GREEDY) for n in range(5)]
    await turns()
    names.close()
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert sum(server.asked.values()) == 1
