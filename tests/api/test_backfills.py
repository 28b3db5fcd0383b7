"""Backfills by API."""

from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.resellers import Reseller

PATH = "/api/v1/webhooks"
SPEC = {
    "url": "https://localhost:9/in",
    "resource": "COMPANY",
    "actions": ["CHANGED", "ADDED"],
}


@pytest.fixture
async def companies(platform: httpx.AsyncClient, northwind: Reseller) -> int:
    """How many there are."""
    changes = [
        {"reseller": northwind.uuid, "type": "COMPANY", "uuid": f"c{one}", "content": {"name": "A"}}
        for one in range(3)
    ]
    answer = await platform.post("/api/v1/changes", json={"changes": changes})
    assert answer.status_code == 200
    return len(changes)


@pytest.fixture
async def backfill(manager: httpx.AsyncClient, companies: int) -> str:
    """Where that of a webhook is, which is paused, so that none gets ahead of a test."""
    path = f"{PATH}/{(await manager.post(PATH, json=SPEC)).json()['id']}"
    await manager.post(f"{path}/pause")
    return f"{path}/backfill"


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


async def test_it_begins_with_what_there_is_to_send(
    manager: httpx.AsyncClient, backfill: str
) -> None:
    answer = await manager.post(backfill)

    shown = answer.json()
    assert answer.status_code == 202
    assert shown.pop("startedAt").endswith("Z")
    assert shown == {
        "state": "RUNNING",
        "ratePerSecond": 50,
        "removed": False,
        "sent": 0,
        "total": 3,
        "finishedAt": None,
        "reason": None,
    }


async def test_it_takes_a_rate_and_whether_to_tell_of_removed_records(
    manager: httpx.AsyncClient, backfill: str
) -> None:
    webhook = backfill.removesuffix("/backfill")
    await manager.patch(webhook, json={"actions": ["CHANGED", "REMOVED"]})
    shown = (await manager.post(backfill, json={"ratePerSecond": 200, "removed": True})).json()

    assert (shown["ratePerSecond"], shown["removed"]) == (200, True)


SENSELESS_BACKFILLS: list[tuple[dict[str, Any], str]] = [
    ({"ratePerSecond": 0}, "/ratePerSecond"),
    ({"ratePerSecond": 1001}, "/ratePerSecond"),
    ({"ratePerSecond": "50"}, "/ratePerSecond"),
    ({"removed": True}, "/removed"),
    ({"since": 1}, "/since"),
]


async def test_a_wish_that_makes_no_sense_is_refused(
    manager: httpx.AsyncClient, backfill: str, subtests: pytest.Subtests
) -> None:
    for body, pointer in SENSELESS_BACKFILLS:
        with subtests.test(body=body, pointer=pointer):
            answer = await manager.post(backfill, json=body)

            assert answer.status_code == 422
            assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_how_far_it_is_can_be_asked(manager: httpx.AsyncClient, backfill: str) -> None:
    begun = await manager.post(backfill)

    assert (await manager.get(backfill)).json() == begun.json()


async def test_there_is_none_before_the_first(manager: httpx.AsyncClient, backfill: str) -> None:
    status, detail = problem(await manager.get(backfill))

    assert status == 404
    assert detail.startswith("no backfill of the webhook with id")


async def test_a_second_one_is_refused_while_one_is_running(
    manager: httpx.AsyncClient, backfill: str
) -> None:
    await manager.post(backfill)

    assert problem(await manager.post(backfill)) == (
        409,
        "a backfill of this webhook is running; wait until it is done, or cancel it",
    )


async def test_it_is_cancelled_and_another_may_begin(
    manager: httpx.AsyncClient, backfill: str
) -> None:
    await manager.post(backfill)
    cancelled = await manager.delete(backfill)

    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "CANCELLED")
    assert cancelled.json()["finishedAt"]
    assert problem(await manager.delete(backfill))[0] == 409
    assert (await manager.post(backfill)).status_code == 202


async def test_the_program_takes_it_on_by_itself(
    manager: httpx.AsyncClient, backfill: str, companies: int
) -> None:
    webhook = backfill.removesuffix("/backfill")
    await manager.post(backfill)
    async with manager.stream("GET", "/api/v1/deliveries/stream") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        await manager.post(f"{webhook}/resume")
        attempted = [await anext(line async for line in lines if line.startswith("data: "))]

    assert attempted
    shown = (await manager.get(backfill)).json()
    assert (shown["state"], shown["sent"]) == ("DONE", companies)


async def test_nobody_sees_or_begins_that_of_another_reseller(
    rival: httpx.AsyncClient, backfill: str
) -> None:
    assert (await rival.post(backfill)).status_code == 404
    assert (await rival.get(backfill)).status_code == 404
    assert (await rival.delete(backfill)).status_code == 404


async def test_who_may_only_read_may_look_at_it(
    manager: httpx.AsyncClient, reader: httpx.AsyncClient, backfill: str
) -> None:
    await manager.post(backfill)

    assert (await reader.get(backfill)).status_code == 200
    assert (await reader.post(backfill)).status_code == 403
    assert (await reader.delete(backfill)).status_code == 403
