"""Pages of records beside transactions that commit late: a cursor skips none (PostgreSQL)."""

import asyncio
from typing import Any

import httpx
from sqlalchemy import text

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.records import records
from tests.api.sse_client import WAIT_S
from tests.conftest import Running
from tests.store.factories import record

PATH = "/api/v1/sync/COMPANY"


async def read(client: httpx.AsyncClient, cursor: str | None = None) -> dict[str, Any]:
    answer = await client.get(PATH, params={"cursor": cursor} if cursor else {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def add(tx: Tx, reseller: Reseller, uuid: str) -> None:
    records.add(tx, [record(reseller_id=reseller.id, uuid=uuid)])
    tx.driver.flush()  # even if it is committed late


def added(database: Database, reseller: Reseller, uuid: str) -> None:
    with database.write() as tx:
        add(tx, reseller, uuid)


def uuids(found: dict[str, Any]) -> list[str]:
    return [one["uuid"] for one in found["items"]]


async def test_a_record_that_is_committed_late_is_not_skipped(
    running: Running, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    added(running.database, northwind, "before")
    end = await read(manager)
    with running.database.write() as late:
        add(late, northwind, "late")
        added(running.database, northwind, "quick")
        beside = await read(manager, end["nextCursor"])
    after = await read(manager, beside["nextCursor"])

    assert (uuids(beside), beside["hasMore"]) == ([], True)
    assert (uuids(after), after["hasMore"]) == (["late", "quick"], False)


async def test_a_page_waits_for_a_record_that_is_about_to_be_committed(
    running: Running, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    with running.database.write() as late:
        add(late, northwind, "late")
        added(running.database, northwind, "quick")
        reading = asyncio.create_task(read(manager))
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(is_looked_at, running.database, late.now):
                pass
    found = await reading

    assert (uuids(found), found["hasMore"]) == (["late", "quick"], False)


async def test_nothing_is_waited_for_below_what_was_seen_before_it_began(
    running: Running, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    for uuid in ("one", "two"):
        added(running.database, northwind, uuid)
    await read(manager)
    with running.database.write() as late:
        add(late, northwind, "late")
        found = await read(manager)

    assert (uuids(found), found["hasMore"]) == (["one", "two"], False)


def is_looked_at(database: Database, since: int) -> bool:
    """Whether somebody has read records since an instant."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM record %'"
        " AND query_start > to_timestamp(:since / 1000000.0) AND pid <> pg_backend_pid()"
    )
    with database.read() as tx:
        return bool(tx.connection.execute(asked, {"since": since}).scalar())
