"""PostgreSQL is killed and comes back: callers are told to come again, results are kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.postgres import Postgres, server
from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import authentication, resellers, users, webhooks
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import log
from tests.conftest import Running, serving
from tests.pages.browser_client import token_in
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers, when
from tests.receivers.receiver import LOOPBACK, Receiver

WAIT_S = 30.0


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with server() as one:
        database = Database(one.url)
        migrate.upgrade(database)
        database.close()
        yield one


@pytest.fixture
def authority() -> Authority:
    return Authority()


@asynccontextmanager
async def calling(running: Running, reseller: Reseller) -> AsyncIterator[Callable[[str], Any]]:
    """Changes a company's name, by API."""
    key = authentication.add_key(running.database, Scope.PLATFORM, None).key
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=30) as api:

        async def change(name: str) -> httpx.Response:
            one = {"reseller": reseller.uuid, "type": "COMPANY", "uuid": "c1"}
            body = {"changes": [one | {"content": {"name": name}}]}
            return await api.post("/api/v1/changes", json=body)

        yield change


async def eventually(asked: Callable[[], Any]) -> Any:
    """What is true in the end; the database needs a while to recover."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if found := await asked():
                return found


async def test_callers_are_told_to_come_again_and_all_goes_on_by_itself(
    tmp_path: Path, migrated: Path, postgres: Postgres
) -> None:
    async with serving(tmp_path, migrated, ProcessRole.API, database=postgres.url) as running:
        reseller = resellers.add(running.database, "Northwind")
        async with calling(running, reseller) as change, httpx.AsyncClient() as visitor:
            before = await change("One")
            await asyncio.to_thread(postgres.kill)
            away = await change("Two")
            ready = await visitor.get(f"{running.url}/readyz")
            await asyncio.to_thread(postgres.start)

            async def taken() -> httpx.Response | None:
                answer = await change("Three")
                return answer if answer.is_success else None

            after = await eventually(taken)

    assert before.json()["results"][0]["version"] == 1
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")
    assert away.json()["type"].endswith("unavailable")
    assert ready.status_code == 503
    assert after.json()["results"][0]["version"] == 2


async def test_a_page_says_so_and_is_there_again_afterwards(
    tmp_path: Path, migrated: Path, postgres: Postgres
) -> None:
    async with (
        serving(tmp_path, migrated, ProcessRole.API, database=postgres.url) as running,
        httpx.AsyncClient(base_url=running.url, follow_redirects=True, timeout=30) as visitor,
    ):
        reseller = resellers.add(running.database, "Northwind")
        link = users.add(running.database, "ana@acme.example", Role.ADMIN, reseller.uuid)
        opened = await visitor.get(f"{paths.SIGN_IN}/{link}")
        pressed = {"form-token": token_in(opened.text)}
        before = await visitor.post(opened.url, data=pressed, headers={"origin": running.url})
        await asyncio.to_thread(postgres.kill)
        away = await visitor.get(paths.WEBHOOKS)
        await asyncio.to_thread(postgres.start)

        async def shown() -> httpx.Response | None:
            answer = await visitor.get(paths.WEBHOOKS)
            return answer if answer.is_success else None

        after = await eventually(shown)

    assert "No webhooks yet" in before.text
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")
    assert "Nothing was changed. Try again in a moment." in away.text
    assert "psycopg" not in away.text
    assert "postgresql://" not in away.text
    assert "No webhooks yet" in after.text


async def test_a_result_that_cannot_be_written_is_kept_until_it_can(
    tmp_path: Path, migrated: Path, postgres: Postgres, authority: Authority
) -> None:
    answered = asyncio.Event()
    receiver = Receiver(when(answered, answers()), tls=authority.serves(LOOPBACK))
    ca_file = authority.write(tmp_path)
    async with (
        receiver,
        serving(tmp_path, migrated, database=postgres.url, ca_file=ca_file) as running,
    ):
        reseller = resellers.add(running.database, "Northwind")
        spec = Spec(
            url=receiver.url(host=LOOPBACK), resource=Resource.COMPANY, actions=frozenset(Action)
        )
        webhooks.add(running.database, running.program.box, reseller.id, spec)
        async with calling(running, reseller) as change:
            (await change("One")).raise_for_status()
        await receiver.received(1)
        await asyncio.to_thread(postgres.kill)
        answered.set()
        async with httpx.AsyncClient(base_url=running.url) as visitor:

            async def told() -> bool:
                return "results wait for the store" in (await visitor.get("/readyz")).text

            await eventually(told)
        await asyncio.to_thread(postgres.start)
        (line,) = await eventually(lambda: delivered(running.database, reseller))

    assert line.attempts == 1
    assert len(receiver.requests) == 1


async def delivered(database: Database, reseller: Reseller) -> list[Any]:
    def look() -> list[Any]:
        with database.read() as tx:
            return list(log.page(tx, LogQuery(reseller.id, frozenset({State.DELIVERED}))))

    return await asyncio.to_thread(look)
