"""POST /api/v1/erasures: nothing of the record's content is left in the store."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import String, cast, select

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.tables import metadata
from tests.conftest import Running

PATH = "/api/v1/erasures"
NAME = "Maximilian Mustermann"
LEAD = {"type": "LEAD", "uuid": "29a1dc26-0000-4000-8000-000000000001"}
CONTENT = {"status": "SUBMITTED", "notes": NAME}


async def change(platform: httpx.AsyncClient, reseller: Reseller, **given: Any) -> dict[str, Any]:
    one = {"reseller": reseller.uuid, **LEAD, **given}
    headers = {"idempotency-key": str(uuid4())}
    answer = await platform.post("/api/v1/changes", json={"changes": [one]}, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["results"][0]
    return result


@pytest.fixture
async def webhook(manager: httpx.AsyncClient) -> str:
    """Its receiver does not answer, so its deliveries are pending."""
    added = await manager.post(
        "/api/v1/webhooks",
        json={
            "url": "https://127.0.0.1:9/in",
            "resource": "LEAD",
            "actions": ["ADDED", "CHANGED", "REMOVED"],
        },
    )
    return str(added.json()["id"])


def tables_with(running: Running, text: str) -> list[str]:
    """The tables of which a column holds a text."""
    with running.database.read() as tx:
        return [
            table.name
            for table in metadata.sorted_tables
            for column in table.c
            if tx.connection.execute(
                select(table).where(cast(column, String).like(f"%{text}%")).limit(1)
            ).first()
        ]


@pytest.mark.usefixtures("webhook")
async def test_nothing_of_the_content_is_left(
    running: Running, platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, content=CONTENT)
    await change(platform, northwind, content=CONTENT | {"notes": f"{NAME} called"})
    before = tables_with(running, NAME)
    erased = await manager.post(PATH, json=LEAD)

    assert {"record", "event"} <= set(before)
    assert erased.json() == {**LEAD, "version": 3, "events": 2}
    assert tables_with(running, NAME) == []


async def test_receivers_are_told_that_the_record_was_erased(
    platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller, webhook: str
) -> None:
    await change(platform, northwind, content=CONTENT)
    await manager.post(PATH, json=LEAD)
    query = {"resourceUuid": LEAD["uuid"], "webhook": webhook}
    log = (await manager.get("/api/v1/deliveries", params=query)).json()["items"]
    feed = (await manager.get("/api/v1/events")).json()["items"]

    assert [(one["action"], one["state"]) for one in log] == [("REMOVED", "PENDING")]
    (notification,) = [one["notification"] for one in feed]
    assert notification["resource"] == LEAD
    assert (notification["resourceAction"], notification["erased"]) == ("REMOVED", True)


async def test_a_record_that_was_removed_before_is_erased_without_another_notification(
    running: Running, platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, content=CONTENT)
    removed = await change(platform, northwind, removed=True)
    first = await manager.post(PATH, json=LEAD)
    again = await manager.post(PATH, json=LEAD)

    assert first.json() == {**LEAD, "version": removed["version"], "events": 1}
    assert again.json() == {**LEAD, "version": removed["version"], "events": 0}
    assert tables_with(running, NAME) == []


async def test_only_the_record_of_the_caller_is_erased(
    platform: httpx.AsyncClient,
    manager: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    rival: httpx.AsyncClient,
    northwind: Reseller,
) -> None:
    await change(platform, northwind, content=CONTENT)
    answers = [await client.post(PATH, json=LEAD) for client in (rival, reader)]
    unknown = await manager.post(PATH, json=LEAD | {"uuid": "unknown"})
    kept = await platform.get(f"/api/lead/v2/leads/{LEAD['uuid']}")

    assert [one.status_code for one in (*answers, unknown)] == [404, 403, 404]
    assert kept.json()["notes"] == NAME


async def test_the_audit_log_tells_of_it_without_the_content(
    running: Running, platform: httpx.AsyncClient, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    await change(platform, northwind, content=CONTENT)
    await manager.post(PATH, json=LEAD)
    with running.database.read() as tx:
        table = metadata.tables["audit"]
        line = tx.connection.execute(select(table).where(table.c.act == "record.erased")).one()

    assert line.subject_uuid == LEAD["uuid"]
    assert '"events":1' in line.details.replace(" ", "")
