"""Background jobs by API: started by a retry of many, listed, followed and cancelled."""

import asyncio
from typing import Any

import httpx
import pytest

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.jobs import JobKind
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import jobs, webhooks
from reseller_webhooks.operations.job_steps import RETRIES_MAX
from tests.conftest import Running
from tests.store.factories import webhook
from tests.store.failing import failed_for

PATH = "/api/v1/jobs"
MANY = 2 * RETRIES_MAX + 1
PERIOD = {"from": 0}


@pytest.fixture
def row(running: Running, northwind: Reseller) -> WebhookRow:
    """A paused webhook, to which many deliveries have failed."""
    with running.database.write() as tx:
        made = webhook(tx, reseller_id=northwind.id)
    failed_for(running.database, northwind.id, count=MANY)
    return webhooks.pause(running.database, northwind.id, made.uuid)


def waiting(running: Running, northwind: Reseller) -> str:
    """A job that a dead process has claimed just now."""
    with running.database.write() as tx:
        return jobs.start(tx, JobKind.RETRY_FAILED, northwind.id).uuid


async def finished(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            shown: dict[str, Any] = (await client.get(path)).json()
            if shown["finishedAt"]:
                return shown
            await asyncio.sleep(0.05)


async def test_many_go_on_as_a_job_that_says_how_far_it_is(
    manager: httpx.AsyncClient, row: WebhookRow
) -> None:
    answer = await manager.post(f"/api/v1/webhooks/{row.uuid}/retry-failed", json=PERIOD)
    shown = await finished(manager, answer.headers["location"])

    assert answer.status_code == 202
    assert answer.json() == {"count": MANY - 1, "job": shown["id"]}
    assert shown.pop("startedAt").endswith("Z")
    assert shown.pop("finishedAt").endswith("Z")
    assert shown.pop("startedBy").startswith("rwk_")
    assert shown.pop("to").endswith("Z")
    assert shown == {
        "id": answer.headers["location"].removeprefix(f"{PATH}/"),
        "kind": "RETRY_FAILED",
        "state": "DONE",
        "webhook": row.uuid,
        "from": "1970-01-01T00:00:00.000Z",
        "total": MANY,
        "done": MANY,
        "made": MANY,
        "reason": None,
    }


async def test_all_of_a_reseller_are_retried_with_one_request(
    manager: httpx.AsyncClient, row: WebhookRow
) -> None:
    first = await manager.post(PATH, json=PERIOD | {"kind": "RETRY_FAILED"})
    shown = await finished(manager, first.headers["location"])
    of_one = PERIOD | {"kind": "RETRY_FAILED", "webhook": row.uuid}
    second = await manager.post(PATH, json=of_one)

    assert (first.status_code, first.json()["state"]) == (202, "RUNNING")
    assert (shown["made"], shown["webhook"]) == (MANY, None)
    assert (second.status_code, second.json()["state"]) == (202, "DONE")
    assert (second.json()["made"], second.json()["webhook"]) == (0, row.uuid)


SENSELESS_JOBS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "BACKFILL"}, "/kind"),
    ({"from": "x"}, "/from"),
    ({"till": 1}, "/till"),
]


async def test_a_job_that_makes_no_sense_is_refused(
    manager: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for wrong, pointer in SENSELESS_JOBS:
        with subtests.test(wrong=wrong, pointer=pointer):
            answer = await manager.post(PATH, json=PERIOD | {"kind": "RETRY_FAILED"} | wrong)

            assert answer.status_code == 422
            assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_it_is_listed_and_cancelled(
    running: Running, northwind: Reseller, manager: httpx.AsyncClient, row: WebhookRow
) -> None:
    uuid = waiting(running, northwind)
    listed = (await manager.get(PATH)).json()
    of_webhook = (await manager.get(PATH, params={"webhook": row.uuid})).json()
    cancelled = await manager.delete(f"{PATH}/{uuid}")
    again = await manager.delete(f"{PATH}/{uuid}")

    assert [(one["id"], one["state"]) for one in listed["items"]] == [(uuid, "RUNNING")]
    assert of_webhook == {"items": [], "nextCursor": None}
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "CANCELLED")
    assert again.status_code == 409
    assert again.json()["detail"] == "this job is finished; there is nothing to cancel"


async def test_the_list_goes_on_behind_a_cursor(
    running: Running, northwind: Reseller, manager: httpx.AsyncClient
) -> None:
    expected = [waiting(running, northwind) for _ in range(3)]
    query: dict[str, str | int] = {"limit": 2}
    found = []
    while True:
        page = (await manager.get(PATH, params=query)).json()
        found += [one["id"] for one in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]

    assert found == expected[::-1]


async def test_a_backfill_is_a_job_with_its_webhooks_id(
    manager: httpx.AsyncClient, row: WebhookRow
) -> None:
    await manager.post(f"/api/v1/webhooks/{row.uuid}/backfill")
    (listed,) = (await manager.get(PATH)).json()["items"]
    cancelled = await manager.delete(f"{PATH}/{row.uuid}")
    shown = (await manager.get(f"/api/v1/webhooks/{row.uuid}/backfill")).json()

    assert (listed["id"], listed["kind"], listed["state"]) == (row.uuid, "BACKFILL", "RUNNING")
    assert listed["startedBy"].startswith("rwk_")
    assert cancelled.json()["state"] == shown["state"] == "CANCELLED"


async def test_a_stranger_sees_none_and_a_reader_cancels_none(
    running: Running,
    northwind: Reseller,
    rival: httpx.AsyncClient,
    reader: httpx.AsyncClient,
) -> None:
    path = f"{PATH}/{waiting(running, northwind)}"

    assert (await rival.get(PATH)).json()["items"] == []
    assert (await rival.get(path)).status_code == 404
    assert (await rival.delete(path)).status_code == 404
    assert (await reader.get(path)).status_code == 200
    assert (await reader.delete(path)).status_code == 403
