"""The live view of deliveries."""

import asyncio
import json
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.api.routes.delivery_stream import STREAMS_MAX
from reseller_webhooks.operations import resellers
from reseller_webhooks.store.tables import api_key
from tests.api.conftest import client
from tests.api.sse_client import STREAM, WAIT_S, delivery_that, views
from tests.conftest import Running, serving

SPEC = {"url": "https://localhost:9/in", "resource": "COMPANY", "actions": ["ADDED"]}


async def tell(platform: httpx.AsyncClient, reseller: Reseller, uuid: str) -> None:
    """Add a company; nobody listens at its webhook, so it is attempted at once and waits."""
    change = {
        "reseller": reseller.uuid,
        "type": "COMPANY",
        "uuid": uuid,
        "content": {"name": "Acme"},
    }
    await platform.post("/api/v1/changes", json={"changes": [change]})


async def test_an_attempt_is_seen_as_the_list_shows_it(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await manager.post("/api/v1/webhooks", json=SPEC)
    async with manager.stream("GET", STREAM) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == ": from here on"
        await tell(platform, northwind, "c1")
        async with asyncio.timeout(WAIT_S):
            data = await anext(line async for line in lines if line.startswith("data: "))

    seen = json.loads(data.removeprefix("data: "))
    (listed,) = (await manager.get("/api/v1/deliveries")).json()["items"]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert list(seen) == list(listed)
    assert (seen["id"], seen["resourceUuid"]) == (listed["id"], "c1")


async def test_a_view_goes_on_behind_the_last_event_it_got(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await manager.post("/api/v1/webhooks", json=SPEC)
    await tell(platform, northwind, "c1")
    async with asyncio.timeout(WAIT_S), aclosing(views(manager)) as seen:
        last, first = await anext(seen)
    await tell(platform, northwind, "c2")

    async with asyncio.timeout(WAIT_S), aclosing(views(manager, behind=last or "")) as seen:
        _, second = await anext(seen)

    assert (first["resourceUuid"], second["resourceUuid"]) == ("c1", "c2")


async def test_a_view_shows_nothing_of_another_reseller(
    manager: httpx.AsyncClient,
    rival: httpx.AsyncClient,
    platform: httpx.AsyncClient,
    northwind: Reseller,
    contoso: Reseller,
) -> None:
    for each, reseller, uuid in ((manager, northwind, "ours"), (rival, contoso, "theirs")):
        await each.post("/api/v1/webhooks", json=SPEC)
        await tell(platform, reseller, uuid)
        await delivery_that(each, resourceUuid=uuid)

    async with asyncio.timeout(WAIT_S), aclosing(views(rival)) as seen:
        _, first = await anext(seen)

    assert first["resourceUuid"] == "theirs"


@pytest.mark.parametrize("change", [{"revoked_at": 1}, {"scope": "reseller:read"}])
async def test_a_view_ends_with_its_key_and_its_rights(
    running: Running, manager: httpx.AsyncClient, northwind: Reseller, change: dict[str, Any]
) -> None:
    async with asyncio.timeout(WAIT_S), manager.stream("GET", STREAM) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        with running.database.write() as tx:
            tx.connection.execute(update(api_key).values(**change))

        rest = [line async for line in lines]

    assert not any(line.startswith("data") for line in rest)


async def test_a_view_does_not_keep_the_program_from_stopping(
    tmp_path: Path, migrated: Path
) -> None:
    async with asyncio.timeout(WAIT_S), AsyncExitStack() as stack:
        running = await stack.enter_async_context(serving(tmp_path, migrated))
        northwind = resellers.add(running.database, "Northwind")
        manager = client(running, Scope.RESELLER, northwind)
        answer = await manager.send(manager.build_request("GET", STREAM), stream=True)

        await stack.aclose()

    assert answer.status_code == 200
    await answer.aclose()
    await manager.aclose()


async def test_a_reseller_has_so_many_views_until_one_is_closed(
    manager: httpx.AsyncClient, rival: httpx.AsyncClient, northwind: Reseller
) -> None:
    async with AsyncExitStack() as open_ends:
        for _ in range(STREAMS_MAX):
            await open_ends.enter_async_context(manager.stream("GET", STREAM))

        refused = await manager.get(STREAM)

        others = await open_ends.enter_async_context(rival.stream("GET", STREAM))
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert others.status_code == 200
    async with asyncio.timeout(WAIT_S):
        while not await opens(manager):
            pass


async def opens(manager: httpx.AsyncClient) -> bool:
    async with manager.stream("GET", STREAM) as answer:
        return answer.is_success


async def test_head_has_the_headers_of_a_view_and_ends_at_once(
    manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    async with asyncio.timeout(WAIT_S):
        heads = [await manager.head(STREAM) for _ in range(STREAMS_MAX + 1)]

    assert {one.status_code for one in heads} == {200}
    assert heads[0].headers["content-type"].startswith("text/event-stream")


IMPOSSIBLE_PLACES = ["x", "-1", "9" * 30]


async def test_a_place_that_cannot_be_is_refused(
    manager: httpx.AsyncClient, northwind: Reseller, subtests: pytest.Subtests
) -> None:
    for last in IMPOSSIBLE_PLACES:
        with subtests.test(last=last):
            answer = await manager.get(STREAM, headers={"last-event-id": last})

            assert [one["pointer"] for one in answer.json()["errors"]] == ["/Last-Event-ID"]
