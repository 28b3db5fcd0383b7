"""The event log by API: filters and pages. Nothing is sent here, so every line stays as it is."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reseller_webhooks import clock
from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.attempts import from_status
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest, State, Transition
from reseller_webhooks.operations import delivery_queue, webhooks
from tests.conftest import Running, serving

PATH = "/api/v1/deliveries"
ENDED = {"ORDER": (State.DELIVERED, 200), "LEAD": (State.FAILED, 500)}


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        yield one


@pytest.fixture
async def ids(
    running: Running, manager: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> dict[str, str]:
    """Webhooks by resource. In the log: a company added and changed, an order, a lead."""
    spec = {"url": "https://hooks.example.com/in", "actions": ["ADDED", "CHANGED"]}
    found = {}
    for resource in ("COMPANY", "ORDER", "LEAD"):
        answer = await manager.post("/api/v1/webhooks", json=spec | {"resource": resource})
        found[resource] = answer.json()["id"]
    await platform.put("/api/account/v1/companies/c1", json={"name": "A"})
    await platform.put("/api/account/v1/companies/c1", json={"name": "B"})
    await platform.put("/api/billing/v1/orders/7", json={"status": "ACTIVE"})
    await platform.put("/api/lead/v2/leads/l1", json={"status": "ASSIGNED"})
    for resource, (state, status) in ENDED.items():
        end(running, northwind, found[resource], state, status)
    return found


def end(running: Running, reseller: Reseller, webhook: str, state: State, status: int) -> None:
    """Write the result of an attempt of each of the webhook's deliveries."""
    row = webhooks.get(running.database, reseller.id, webhook)
    (found,) = delivery_queue.scan(running.database, [ScanRequest(row.id, False, 10, frozenset())])
    made = [
        AttemptResult(due.delivery, 1, clock.now(), from_status(status, 5), Transition(state))
        for due in found.due
    ]
    delivery_queue.write_results(running.database, made, {})


def lines(answer: httpx.Response) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return [(one["resource"], one["action"], one["state"]) for one in items]


LEAD = ("LEAD", "ADDED", "FAILED")
ORDER = ("ORDER", "ADDED", "DELIVERED")
CHANGED = ("COMPANY", "CHANGED", "PENDING")
ADDED = ("COMPANY", "ADDED", "PENDING")


QUERIES: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [LEAD, ORDER, CHANGED, ADDED]),
    ("state=PENDING", [CHANGED, ADDED]),
    ("state=DELIVERED&state=FAILED", [LEAD, ORDER]),
    ("state=DELIVERED,FAILED", [LEAD, ORDER]),
    ("state=CANCELLED", []),
    ("resource=COMPANY", [CHANGED, ADDED]),
    ("action=CHANGED", [CHANGED]),
    ("resourceUuid=7", [ORDER]),
    ("resourceUuid=c1&action=ADDED", [ADDED]),
    ("from=2020-01-01T00:00:00Z&to=4102444800000", [LEAD, ORDER, CHANGED, ADDED]),
    ("to=2020-01-01T01:00:00+01:00", []),
    ("from=2099-01-01T00:00:00%2B01:00", []),
    ("limit=1", [LEAD]),
]


@pytest.mark.usefixtures("ids")
async def test_the_log_shows_what_is_asked_for(
    manager: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for query, found in QUERIES:
        with subtests.test(query=query, found=found):
            assert lines(await manager.get(f"{PATH}?{query}")) == found


async def test_the_log_shows_one_webhooks_also_when_it_is_deleted(
    manager: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    query = {"webhook": ids["COMPANY"]}
    before = await manager.get(PATH, params=query)
    await manager.delete(f"/api/v1/webhooks/{ids['COMPANY']}")

    after = await manager.get(PATH, params=query)

    assert lines(before) == [CHANGED, ADDED]
    assert {state for _, _, state in lines(after)} == {"CANCELLED"}
    assert "deleted" in after.json()["items"][0]["last"]["detail"]


@pytest.mark.usefixtures("ids")
async def test_pages_follow_each_other_without_a_gap(manager: httpx.AsyncClient) -> None:
    first = await manager.get(PATH, params={"limit": 3})
    second = await manager.get(PATH, params={"limit": 3, "cursor": first.json()["nextCursor"]})

    assert lines(first) + lines(second) == [LEAD, ORDER, CHANGED, ADDED]
    assert second.json()["nextCursor"] is None


@pytest.mark.usefixtures("ids")
async def test_a_search_among_very_many_goes_on_by_itself_or_page_by_page(
    manager: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_counts.SEARCHED_MAX", 2)
    whole = (await manager.get(PATH, params={"action": "ADDED", "limit": "3"})).json()
    monkeypatch.setattr("reseller_webhooks.operations.deliveries.SEARCH_S", 0.0)
    found, pages, cursor = [], 0, ""
    while cursor is not None:
        query = {"action": "ADDED", "limit": "3"} | ({"cursor": cursor} if cursor else {})
        answer = (await manager.get(PATH, params=query)).json()
        found += [(one["resource"], one["action"]) for one in answer["items"]]
        pages, cursor = pages + 1, answer["nextCursor"]

    assert pages > 1
    assert len(whole["items"]) == len(found)
    assert found == [("LEAD", "ADDED"), ("ORDER", "ADDED"), ("COMPANY", "ADDED")]


IMPOSSIBLE_FILTERS: list[tuple[str, str, str]] = [
    ("state=SENT", "/state/0", "PENDING, DELIVERED, FAILED, CANCELLED, SUPERSEDED"),
    ("state=PENDING,", "/state/1", "PENDING"),
    ("resource=company", "/resource", "COMPANY"),
    ("action=DELETED", "/action", "REMOVED"),
    ("from=yesterday", "/from", "milliseconds since 1970"),
    ("from=-1", "/from", "milliseconds since 1970"),
    ("from=99999999999999999", "/from", "milliseconds since 1970"),
    ("from=1969-01-01T00:00:00Z", "/from", "milliseconds since 1970"),
    ("to=2026-01-01T00:00:00", "/to", "time zone"),
    ("cursor=MQ", "/cursor", "nextCursor"),
    ("limit=501", "/limit", "500 or less"),
]


async def test_a_filter_that_cannot_be_is_refused(
    manager: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for query, pointer, words in IMPOSSIBLE_FILTERS:
        with subtests.test(query=query, pointer=pointer, words=words):
            answer = await manager.get(f"{PATH}?{query}")

            (error,) = answer.json()["errors"]
            assert answer.status_code == 422
            assert error["pointer"] == pointer
            assert words in error["detail"]


@pytest.mark.parametrize("shown", ["1", "dlv_0", "dlv_-1", "dlv_1x", "dlv_" + "9" * 40, "dlv_"])
async def test_what_is_no_deliverys_id_is_not_found(manager: httpx.AsyncClient, shown: str) -> None:
    answer = await manager.get(f"{PATH}/{shown}")

    assert answer.status_code == 404
    assert answer.json()["detail"] == f"no delivery with id {shown!r}"


async def test_an_event_shows_its_payload_and_its_deliveries(
    manager: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    (line,) = (await manager.get(PATH, params={"action": "CHANGED"})).json()["items"]

    event = (await manager.get(f"/api/v1/events/{line['event']}")).json()

    assert event["deliveries"] == [line]
    assert event["hasMoreDeliveries"] is False
    assert event["payload"]["uuid"] == event["id"] == line["event"]
    assert event["payload"]["changedFields"] == ["name"]
    assert (event["resource"], event["resourceUuid"]) == ("COMPANY", "c1")
    assert (event["action"], event["version"]) == ("CHANGED", 2)


async def test_ids_and_cursors_of_before_are_read(
    running: Running, manager: httpx.AsyncClient, northwind: Reseller
) -> None:
    old = urlsafe_b64encode(b"9223372036854775807.9223372036854775807").decode().rstrip("=")
    listed = await manager.get(PATH, params={"cursor": old})
    streamed = running.program.context.ids.encrypt("stream", 3)

    assert (listed.status_code, listed.json()["items"]) == (200, [])
    for last in ("3", streamed):
        headers = {"last-event-id": last}
        async with manager.stream("GET", f"{PATH}/stream", headers=headers) as answer:
            found = answer.aiter_lines()
            begins = [await anext(found), await anext(found)]
        assert f"id: {streamed}" in begins
