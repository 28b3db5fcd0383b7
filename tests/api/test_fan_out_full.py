"""POST /api/v1/changes while too many fan-outs of a reseller are pending, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.fan_out_rules import DELIVERIES_MAX
from reseller_webhooks.operations import fan_out
from tests.api.conftest import client
from tests.api.test_changes import company, post
from tests.conftest import Running, serving
from tests.store import factories

WEBHOOKS = 51
MANY = DELIVERIES_MAX // WEBHOOKS + 1
"""Changes that need more deliveries than a transaction writes."""


@pytest.fixture
async def running(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    """A program that leaves the steps of fan-outs to the test."""
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", MANY)
    own = {}
    if request.param == "postgres":
        own["database"] = request.getfixturevalue("empty_postgres")
    async with serving(tmp_path, migrated, ProcessRole.API, **own) as one:
        yield one


@pytest.fixture
async def feed(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with client(running, Scope.PLATFORM, None) as one:
        yield one


async def test_a_refusal_names_the_reseller_its_changes_and_when_to_come_again(
    running: Running, feed: httpx.AsyncClient, northwind: Reseller, contoso: Reseller
) -> None:
    with running.database.write() as tx:
        for number in range(WEBHOOKS):
            url = f"https://r.example/{number}"
            factories.webhook(tx, reseller_id=northwind.id, url=url, state="PAUSED")
    many = [company(northwind, f"n{number}") for number in range(MANY)]
    first = await post(feed, *many)
    changed = [company(northwind, f"n{number}", name="Acme") for number in range(MANY)]
    others = company(contoso, "c1")
    refused = await post(feed, changed[0], others, *changed[1:], key="again")
    alone = await post(feed, others)
    while fan_out.step(running.database, 0, DELIVERIES_MAX):
        pass
    again = await post(feed, changed[0], others, *changed[1:], key="again")

    problem = refused.json()
    assert (first.status_code, alone.status_code, again.status_code) == (200, 200, 200)
    assert refused.status_code == 503
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/docs#fan-out-full"
    assert northwind.uuid in problem["detail"]
    assert contoso.uuid not in refused.text
    places = ["/changes/0", *(f"/changes/{number}" for number in range(2, MANY + 1))]
    assert [one["pointer"] for one in problem["errors"]] == places
    assert alone.json()["results"][0]["action"] == "ADDED"
    assert [one["action"] for one in again.json()["results"]][:3] == [
        "CHANGED",
        "UNCHANGED",
        "CHANGED",
    ]
