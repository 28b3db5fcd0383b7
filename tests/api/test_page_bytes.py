"""Lists of records end a page where its contents take too many bytes."""

import asyncio
import tracemalloc
from typing import Any

import httpx
import orjson
import pytest

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.operations import authentication, resellers
from reseller_webhooks.store.db.page_bytes import BYTES_MAX
from reseller_webhooks.store.records import records
from tests.conftest import Running
from tests.store.factories import record

RECORDS, CONTENT_BYTES = 60, 200_000
AT_ONCE = 8
MEMORY_MAX = AT_ONCE * 5 * BYTES_MAX
"""Of what was read, its JSON and the answer, for each; without a bound it is 300 MB."""


@pytest.fixture
async def api(running: Running) -> httpx.AsyncClient:
    """A client of a reseller that has many large records, and a small one at the end."""
    owner = resellers.add(running.database, "Northwind")
    content = orjson.dumps({"name": "x" * CONTENT_BYTES}).decode()
    with running.database.write() as tx:
        large = {"reseller_id": owner.id, "content": content}
        records.add(tx, [record(uuid=f"c{number}", **large) for number in range(RECORDS)])
        records.add(tx, [record(uuid="small", reseller_id=owner.id)])
    key = authentication.add_key(running.database, Scope.RESELLER, owner.uuid).key
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60)


async def read(api: httpx.AsyncClient, path: str) -> tuple[list[list[Any]], list[int]]:
    """The items of each page, and its bytes."""
    pages, sizes, query = list[list[Any]](), list[int](), {"limit": "500"}
    while True:
        answer = await api.get(path, params=query)
        body = answer.json()
        pages.append(body["items"])
        sizes.append(len(answer.content))
        if not body.get("hasMore", body["nextCursor"] is not None):
            return pages, sizes
        query["cursor"] = body["nextCursor"]


@pytest.mark.parametrize("path", ["/api/v1/sync/COMPANY", "/api/account/v1/companies"])
async def test_a_page_of_large_records_is_short(api: httpx.AsyncClient, path: str) -> None:
    async with api:
        pages, sizes = await read(api, path)

    assert sum(map(len, pages)) == RECORDS + 1
    assert max(sizes) < BYTES_MAX * 1.1
    assert max(map(len, pages)) <= BYTES_MAX // CONTENT_BYTES + 1  # the small one


async def test_many_readers_at_once_take_bounded_memory(api: httpx.AsyncClient) -> None:
    path, query = "/api/v1/sync/COMPANY", {"limit": "500"}
    async with api:
        await api.get(path, params=query)
        tracemalloc.start()
        try:
            await asyncio.gather(*(api.get(path, params=query) for _ in range(AT_ONCE)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < MEMORY_MAX
