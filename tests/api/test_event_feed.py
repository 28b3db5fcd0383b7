"""GET /api/v1/events: every event once, oldest first, however late its commit."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import delete

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.edge.commit_signal import CommitSignal
from reseller_webhooks.operations import api_keys, generations
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import event
from tests.conftest import Running
from tests.store.factories import event as an_event

PATH = "/api/v1/events"
WITHIN_S = 15.0


async def read(client: httpx.AsyncClient, after: str = "", **query: object) -> dict[str, Any]:
    given = {name: str(value) for name, value in query.items()} | (
        {"after": after} if after else {}
    )
    answer = await client.get(PATH, params=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(platform: httpx.AsyncClient, reseller: Reseller, *uuids: str) -> None:
    company = {"reseller": reseller.uuid, "type": "COMPANY", "content": {"name": "Acme"}}
    body = {"changes": [company | {"uuid": uuid} for uuid in uuids]}
    answer = await platform.post("/api/v1/changes", json=body)
    assert answer.status_code == 200, answer.text


async def reader_waits(running: Running) -> None:
    """Return once a request waits for an event."""
    signal = running.program.context.event_commits
    assert isinstance(signal, CommitSignal)
    while not signal.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def uuids(found: dict[str, Any]) -> list[str]:
    return [one["notification"]["resource"]["uuid"] for one in found["items"]]


def add(tx: Tx, reseller: Reseller, uuid: str, **given: int) -> None:
    body = orjson.dumps({"resource": {"uuid": uuid}}).decode()
    events.add(tx, [an_event(reseller_id=reseller.id, resource_uuid=uuid, body=body, **given)])


async def test_pages_hold_every_event_of_the_reseller_once_oldest_first(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller, contoso: Reseller
) -> None:
    await change(platform, northwind, "a", "b")
    await change(platform, contoso, "x")
    await change(platform, northwind, "c")
    first = await read(manager, limit=2)
    second = await read(manager, first["nextCursor"], limit=2)
    third = await read(manager, second["nextCursor"])
    behind_a = await read(manager, first["items"][0]["cursor"])

    assert (uuids(first), first["hasMore"]) == (["a", "b"], True)
    assert (uuids(second), second["hasMore"]) == (["c"], False)
    assert uuids(third) == []
    assert uuids(behind_a) == ["b", "c"]


async def test_a_notification_is_as_it_is_sent(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, "a")
    answer = await manager.get(PATH)
    uuid = answer.json()["items"][0]["notification"]["uuid"]
    event_ = await manager.get(f"{PATH}/{uuid}")

    sent = event_.text.partition('"payload":')[2].partition(',"deliveries":')[0]
    assert f'"notification":{sent}' in answer.text


async def test_events_of_one_type(
    reader: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, "a")

    assert uuids(await read(reader, type="COMPANY")) == ["a"]
    assert uuids(await read(reader, type="LEAD")) == []


async def test_from_a_time_on(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, "a")
    await change(platform, northwind, "b")
    everything = await read(manager)
    end = await read(manager, **{"from": "2999-01-01T00:00:00Z"})
    of_b = everything["items"][1]["notification"]["timestamp"]
    await change(platform, northwind, "c")

    assert "b" in uuids(await read(manager, **{"from": of_b}))
    assert uuids(end) == []
    assert uuids(await read(manager, end["nextCursor"])) == ["c"]


async def test_a_cursor_that_was_tampered_with_is_refused(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, "a")
    cursor = (await read(manager))["nextCursor"]
    snapshot = (await manager.get("/api/v1/sync/COMPANY")).json()["nextCursor"]
    forged = [cursor[:3] + ("A" if cursor[3] != "A" else "B") + cursor[4:], snapshot, "MQ", "1"]

    answers = [await manager.get(PATH, params={"after": one}) for one in forged]
    assert [one.status_code for one in answers] == [422] * 4
    assert {one.json()["errors"][0]["pointer"] for one in answers} == {"/after"}


async def test_a_cursor_behind_which_events_were_deleted_is_refused(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    long_ago = running.database.clock.now() - 90 * DAY + 50 * SECOND
    with running.database.write() as tx:
        for uuid in ("a", "b", "c"):
            add(tx, northwind, uuid, changed_at=long_ago)
    first = await read(manager, limit=1)
    second = await read(manager, first["nextCursor"], limit=1)
    with running.database.write() as tx:
        oldest = tx.connection.execute(event.select().order_by(event.c.id)).first()
        assert oldest is not None
        tx.connection.execute(delete(event).where(event.c.id <= oldest.id + 1))

    gone = await manager.get(PATH, params={"after": first["nextCursor"]})
    assert (gone.status_code, gone.json()["type"]) == (410, "/docs#cursor-expired")
    assert uuids(await read(manager, second["nextCursor"])) == ["c"]
    assert uuids(await read(manager)) == ["c"]


async def test_a_cursor_of_a_store_that_went_back_begins_anew(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    await change(platform, northwind, "a")
    end = (await read(manager))["nextCursor"]
    generations.raise_floor(running.database)

    assert uuids(await read(manager, end)) == ["a"]


async def test_a_reader_that_waits_gets_an_event_as_it_is_committed(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    end = (await read(manager))["nextCursor"]
    waiting = asyncio.create_task(read(manager, end, wait=20))
    async with asyncio.timeout(WITHIN_S):
        await reader_waits(running)
        await change(platform, northwind, "a")
        found = await waiting

    assert uuids(found) == ["a"]


async def test_a_reader_that_waits_in_vain_gets_a_cursor_to_go_on(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    end = (await read(manager))["nextCursor"]

    found = await read(manager, end, wait=1)
    await change(platform, northwind, "a")

    assert (found["items"], found["hasMore"]) == ([], False)
    assert uuids(await read(manager, found["nextCursor"])) == ["a"]


async def test_a_revoked_key_reads_nothing_that_comes_later(
    manager: httpx.AsyncClient, platform: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    end = (await read(manager))["nextCursor"]
    waiting = asyncio.create_task(manager.get(PATH, params={"after": end, "wait": "20"}))
    async with asyncio.timeout(WITHIN_S):
        await reader_waits(running)
        for key in api_keys.page(running.database, reseller_id=northwind.id, limit=10):
            api_keys.revoke(running.database, key.uuid)
        await change(platform, northwind, "a")
        answer = await waiting

    assert answer.status_code == 401


@pytest.fixture
async def late(running: Running, northwind: Reseller) -> None:
    if running.database.engine.dialect.name != "postgresql":
        pytest.skip("an SQLite file has one writer at a time")


@pytest.mark.usefixtures("late")
async def test_an_event_that_is_committed_late_is_not_skipped(
    manager: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    start = (await read(manager))["nextCursor"]
    with running.database.write() as open_tx:
        add(open_tx, northwind, "late")
        with running.database.write() as tx:
            add(tx, northwind, "quick")
        beside = await read(manager, start)
    after = await read(manager, beside["nextCursor"])

    assert uuids(beside) == []
    assert uuids(after) == ["late", "quick"]


@pytest.mark.usefixtures("late")
async def test_a_rolled_back_transaction_holds_up_a_waiting_reader_for_a_moment_only(
    manager: httpx.AsyncClient, running: Running, northwind: Reseller
) -> None:
    start = (await read(manager))["nextCursor"]
    async with asyncio.timeout(WITHIN_S):
        with running.database.write() as open_tx:
            add(open_tx, northwind, "late")
            with running.database.write() as tx:
                add(tx, northwind, "quick")
            waiting = asyncio.create_task(read(manager, start, wait=20))
            await reader_waits(running)
            open_tx.connection.rollback()
        found = await waiting

    assert uuids(found) == ["quick"]
