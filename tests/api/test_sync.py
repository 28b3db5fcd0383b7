"""The snapshot: keyset, consistent, resumable, with tombstones."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.http.api.paging import cursor_behind
from reseller_webhooks.operations import generations
from tests.api.conftest import client
from tests.conftest import Running

PATH = "/api/v1/sync/COMPANY"


class Companies:
    """Northwind's, as the platform changes them."""

    def __init__(self, platform: httpx.AsyncClient, reseller: Reseller) -> None:
        self._platform, self._reseller = platform, reseller

    async def put(self, *uuids: str, name: str = "Acme") -> None:
        await self._change([{"uuid": uuid, "content": {"name": name}} for uuid in uuids])

    async def remove(self, *uuids: str) -> None:
        await self._change([{"uuid": uuid, "removed": True} for uuid in uuids])

    async def _change(self, some: list[dict[str, Any]]) -> None:
        whose = {"reseller": self._reseller.uuid, "type": "COMPANY"}
        changes = [whose | one for one in some]
        answer = await self._platform.post("/api/v1/changes", json={"changes": changes})
        assert answer.status_code == 200, answer.text


@pytest.fixture
def companies(platform: httpx.AsyncClient, northwind: Reseller) -> Companies:
    return Companies(platform, northwind)


async def page(client: httpx.AsyncClient, cursor: str = "", limit: int = 2) -> dict[str, Any]:
    query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pages(client: httpx.AsyncClient, cursor: str = "") -> AsyncIterator[list[dict[str, Any]]]:
    while True:
        found = await page(client, cursor)
        yield found["items"]
        if not found["hasMore"]:
            return
        cursor = found["nextCursor"]


def uuids(items: list[dict[str, Any]]) -> list[str]:
    return [one["uuid"] for one in items]


async def test_pages_hold_every_record_once_in_the_order_they_came(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("e", "d", "c", "b", "a")
    seen = [uuids(items) async for items in pages(manager)]

    assert seen == [["e", "d"], ["c", "b"], ["a"]]


async def test_an_item_is_the_record_with_its_version(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1")
    await companies.put("c1", name="Acme Ltd")
    (item,) = (await page(manager))["items"]

    content = (await manager.get("/api/account/v1/companies/c1")).json()
    assert item == {"uuid": "c1", "version": 2, "removed": False, "content": content}


async def test_tombstones_are_in_it_with_the_version_of_the_removal(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2")
    await companies.remove("c1")
    items = (await page(manager))["items"]

    assert items[0] == {"uuid": "c1", "version": 2, "removed": True, "content": None}
    assert uuids(items) == ["c1", "c2"]


async def test_a_record_that_changes_between_pages_is_neither_lost_nor_doubled(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3", "c4")
    first = await page(manager)
    await companies.put("c1", "c4", name="Acme Ltd")
    await companies.remove("c2")
    second = await page(manager, first["nextCursor"])

    assert uuids(first["items"] + second["items"]) == ["c1", "c2", "c3", "c4"]
    assert second["items"][1]["version"] == 2


async def test_a_record_that_is_added_between_pages_comes_at_the_end(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3")
    first = await page(manager)
    await companies.put("a-new-one")

    assert uuids((await page(manager, first["nextCursor"]))["items"]) == ["c3", "a-new-one"]


async def test_a_cursor_of_the_end_leads_to_what_comes_later(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1")
    end = await page(manager)
    nothing = await page(manager, end["nextCursor"])
    await companies.put("c2")
    later = await page(manager, nothing["nextCursor"])

    assert [one["hasMore"] for one in (end, nothing, later)] == [False, False, False]
    assert [uuids(one["items"]) for one in (end, nothing, later)] == [["c1"], [], ["c2"]]


async def test_the_mirror_of_the_first_version_comes_to_an_end(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3")
    manager.headers.update({"user-agent": "Python-urllib/3.11", "accept": "application/json"})
    first = await page(manager)
    last = await page(manager, first["nextCursor"])

    assert uuids(first["items"] + last["items"]) == ["c1", "c2", "c3"]
    assert last["nextCursor"] is None


async def test_after_a_restore_a_cursor_begins_anew(
    running: Running, manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2")
    end = await page(manager)
    generations.raise_floor(running.database)
    again = await page(manager, end["nextCursor"])
    await companies.put("c3")
    later = await page(manager, again["nextCursor"])

    assert [uuids(one["items"]) for one in (again, later)] == [["c1", "c2"], ["c3"]]


async def test_a_cursor_that_the_store_has_not_reached_begins_anew(
    running: Running, manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1")
    ahead = cursor_behind(running.program.context.ids, (10**6,))

    assert uuids((await page(manager, ahead))["items"]) == ["c1"]


async def test_who_was_interrupted_goes_on_from_the_last_page_with_another_client(
    running: Running, northwind: Reseller, manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3")
    cursor = (await page(manager))["nextCursor"]
    async with client(running, Scope.RESELLER_READ, northwind) as another:
        again = [uuids(items) async for items in pages(another, cursor)]

    assert again == [["c3"]]


@pytest.mark.sqlite
async def test_a_page_is_found_along_the_index_however_far_it_is(
    running: Running, manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3")
    asked: list[tuple[str, Any]] = []

    @event.listens_for(running.database.engine, "before_cursor_execute")
    def note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    await page(manager, (await page(manager))["nextCursor"])
    statement, parameters = next(one for one in reversed(asked) if "FROM record" in one[0])
    with running.database.read() as tx:
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()

    assert [row[3] for row in plan] == [
        "SEARCH record USING INDEX ix_record_reseller_id_resource_id "
        "(reseller_id=? AND resource=? AND id>?)"
    ]


async def test_nobody_gets_the_records_of_another_reseller(
    rival: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1")

    assert (await page(rival))["items"] == []


FOREIGN_CURSORS = ["x", "W10", "eyJhIjoxfQ", "WyJjMSJd"]


async def test_a_cursor_that_is_none_of_ours_is_refused(
    manager: httpx.AsyncClient, companies: Companies, subtests: pytest.Subtests
) -> None:
    for cursor in FOREIGN_CURSORS:
        with subtests.test(cursor=cursor):
            answer = await manager.get(PATH, params={"cursor": cursor})

            assert answer.status_code == 422
            assert [one["pointer"] for one in answer.json()["errors"]] == ["/cursor"]


async def test_the_digest_is_over_exactly_what_the_pages_hold(
    manager: httpx.AsyncClient, companies: Companies
) -> None:
    await companies.put("c1", "c2", "c3")
    await companies.remove("c2")
    items = [one async for some in pages(manager) for one in some]
    digest = (await manager.get(f"{PATH}/digest")).json()

    assert digest["count"] == len(items) == 3
