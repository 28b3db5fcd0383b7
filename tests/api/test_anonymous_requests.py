"""Anonymous requests take turns; who has shown a valid key or session does not queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from starlette.types import Message, Receive, Scope, Send

from reseller_ingress import FairQueue
from reseller_webhooks.core.access.permissions import Scope as KeyScope
from reseller_webhooks.http.edge import anonymous_requests
from reseller_webhooks.http.edge.anonymous_requests import Turns
from reseller_webhooks.http.edge.exchange import queue_left, verified
from reseller_webhooks.http.edge.request_threads import RESELLER_REQUESTS_AT_ONCE
from reseller_webhooks.operations import authentication, resellers
from tests.api.conftest import client
from tests.behind_edge import behind_edge
from tests.conftest import Running, serving

WITHIN_S = 20.0
RESELLERS = 5
RESELLER = KeyScope.RESELLER
URL = "https://hooks.example.com/"
NEW = {"url": f"{URL}a", "resource": "COMPANY", "actions": ["ADDED"]}
FORM = {"content-type": "application/x-www-form-urlencoded", "content-length": "100"}


class Rooms:
    """An application of rooms: /slow stays until it is let go, the others answer at once."""

    def __init__(self) -> None:
        self.inside = asyncio.Semaphore(0)
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = dict(scope["headers"]).get(b"authorization", b"").decode()
        if scope["path"] in ("/verified", "/known"):
            await verified("")
        if "reseller" in key:
            await verified(key.rpartition(" ")[2])
        if scope["path"] in ("/slow", "/verified"):
            self.inside.release()
            await self.let_go.wait()
        if scope["path"] == "/elsewhere":
            async with queue_left():
                self.inside.release()
                await self.let_go.wait()
        if scope["path"] == "/body":
            self.inside.release()
            await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/begun":
            self.inside.release()
            await self.let_go.wait()
        await send({"type": "http.response.body", "body": b"done"})


class Door:
    """The rooms behind a queue with a single place."""

    def __init__(self) -> None:
        self.rooms = Rooms()
        self.verified_queue = FairQueue(2, 1)
        self._app = behind_edge(self.rooms, turns=Turns(FairQueue(1, 1), self.verified_queue))

    async def ask(self, path: str, key: str = "") -> int:
        """The status of the answer."""
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        scope: Scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": ("192.0.2.1", 1),
        }
        statuses = []

        async def receive() -> Message:
            await self.rooms.let_go.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            statuses.append(message.get("status", 0))

        await self._app(scope, receive, send)
        return statuses[0]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(anonymous_requests, "WAIT_S", 0.2)
    return Door()


async def occupied(door: Door, path: str) -> asyncio.Task[int]:
    """Somebody who is in a room."""
    task = asyncio.create_task(door.ask(path))
    async with asyncio.timeout(WITHIN_S):
        await door.rooms.inside.acquire()
    return task


async def test_who_waits_too_long_is_refused_with_the_limit(door: Door) -> None:
    slow = await occupied(door, "/slow")

    assert await door.ask("/") == 429
    assert await door.ask("/livez") == 200

    door.rooms.let_go.set()
    assert await slow == 200
    assert await door.ask("/") == 200


@pytest.mark.parametrize("path", ["/body", "/begun", "/elsewhere", "/verified"])
async def test_who_waits_for_others_occupies_no_place(door: Door, path: str) -> None:
    waiting = await occupied(door, path)

    assert await door.ask("/") == 200

    door.rooms.let_go.set()
    assert await waiting == 200


async def test_who_has_shown_a_valid_key_does_not_queue(door: Door) -> None:
    verified_one = asyncio.create_task(door.ask("/verified", key="rwk_1"))
    await door.rooms.inside.acquire()
    slow = await occupied(door, "/slow")

    assert await door.ask("/", key="rwk_1") == 200
    assert await door.ask("/", key="rwk_2") == 429

    door.rooms.let_go.set()
    assert (await verified_one, await slow) == (200, 200)


async def test_requests_of_resellers_wait_a_moment_for_those_of_the_platform(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anonymous_requests, "WAIT_S", WITHIN_S)
    door.verified_queue.yield_s = WITHIN_S
    platform = await occupied(door, "/verified")
    reseller = asyncio.create_task(door.ask("/", key="rwk_1 reseller 1"))
    await asyncio.wait([reseller], timeout=0.1)
    waited = not reseller.done()
    door.rooms.let_go.set()

    assert waited
    assert (await platform, await reseller) == (200, 200)


async def test_a_live_view_of_the_platform_holds_up_no_reseller(door: Door) -> None:
    door.verified_queue.yield_s = WITHIN_S
    await door.ask("/known", key="rwk_platform")
    view = asyncio.create_task(door.ask("/begun", key="rwk_platform"))
    await door.rooms.inside.acquire()

    async with asyncio.timeout(WITHIN_S / 2):
        assert await door.ask("/", key="rwk_1 reseller 1") == 200
    door.rooms.let_go.set()
    assert await view == 200


async def test_requests_of_a_reseller_take_turns_among_themselves(door: Door) -> None:
    slow = asyncio.create_task(door.ask("/slow", key="rwk_1 reseller 1"))
    await door.rooms.inside.acquire()
    unknown = asyncio.create_task(door.ask("/", key="rwk_2 reseller 1"))

    assert await door.ask("/", key="rwk_1 reseller 1") == 429
    assert await door.ask("/", key="rwk_3 reseller 2") == 200
    assert await door.ask("/") == 200
    assert not unknown.done()

    door.rooms.let_go.set()
    assert (await slow, await unknown) == (200, 200)
    assert await door.ask("/", key="rwk_1 reseller 1") == 200


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    limits = {"limit_anonymous_requests": 1, "limit_anonymous_requests_per_address": 1}
    async with serving(tmp_path, migrated, **limits) as one:
        yield one


async def test_a_reseller_that_reads_all_the_time_holds_its_own_places_alone(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anonymous_requests, "WAIT_S", 0.2)
    async with (
        serving(tmp_path, migrated, limit_reseller_requests_at_once=1) as one,
        httpx.AsyncClient(base_url=one.url, timeout=WITHIN_S) as client,
    ):
        mine, theirs = [
            _bearer(authentication.add_key(one.database, RESELLER, made.uuid).key)
            for made in (resellers.add(one.database, name) for name in ("Northwind", "Contoso"))
        ]

        async def read(key: dict[str, str]) -> int:
            return (await client.get("/api/v1/webhooks", headers=key)).status_code

        assert (await read(mine), await read(theirs)) == (200, 200)
        with one.database.write():  # so that a change has to wait
            waits = asyncio.create_task(client.post("/api/v1/webhooks", headers=mine, json=NEW))
            async with asyncio.timeout(WITHIN_S):
                while await read(mine) != 429:
                    pass
            others = await read(theirs)

        assert ((await waits).status_code, others, await read(mine)) == (201, 200, 200)


async def test_all_are_answered_in_turn(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anonymous_requests, "WAIT_S", WITHIN_S)
    key = authentication.add_key(running.database, KeyScope.PLATFORM, None).key
    paths = ["/sign-in", "/docs", "/nothing", "/api/v1/webhooks", "/readyz", "/metrics"] * 4
    async with httpx.AsyncClient(base_url=running.url, timeout=2 * WITHIN_S) as client:
        answers = await asyncio.gather(*map(client.get, paths))
        mine = await client.get("/api/v1/resellers", headers={"authorization": f"Bearer {key}"})

    assert [one.status_code for one in answers] == [200, 200, 404, 401, 200, 200] * 4
    assert mine.status_code == 200


async def test_the_platform_finds_a_thread_while_resellers_hold_theirs(
    tmp_path: Path, migrated: Path
) -> None:
    """A change holds a thread until the one writer is free; reading goes on meanwhile."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serving(tmp_path, migrated))
        platform = await stack.enter_async_context(client(one, KeyScope.PLATFORM, None))
        made = [resellers.add(one.database, f"Reseller {number}") for number in range(RESELLERS)]
        keys = [client(one, RESELLER, each) for each in made]
        theirs = [await stack.enter_async_context(each) for each in keys]
        for each in (platform, *theirs):
            await each.get("/api/v1/webhooks")  # so that their keys are known
        threads = to_thread.current_default_thread_limiter()

        with one.database.write():
            waiting = [
                asyncio.create_task(each.post("/api/v1/webhooks", json=NEW | {"url": f"{URL}{n}"}))
                for each in theirs
                for n in range(4)
            ]
            async with asyncio.timeout(WITHIN_S):
                while threads.borrowed_tokens < RESELLER_REQUESTS_AT_ONCE:
                    await platform.get("/livez")
                answer = await platform.get("/api/v1/resellers")
            assert (answer.status_code, any(each.done() for each in waiting)) == (200, False)
        await asyncio.gather(*waiting)


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
