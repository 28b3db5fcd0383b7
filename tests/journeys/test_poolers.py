"""The whole program behind PgBouncer, as printed in operate.md; and on a table that is locked."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.operations import authentication, resellers, webhooks
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.pgbouncer import Mode, pgbouncer
from testkit.postgres import Postgres, postgres
from testkit.processes import needs
from tests.conftest import serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"
CALLERS, CHANGES = 8, 10


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as one:
        one.run("CREATE ROLE webhooks LOGIN")
        one.run("CREATE DATABASE webhooks OWNER webhooks")
        database = Database(url_of(one))
        migrate.upgrade(database)
        database.close()
        yield one


def url_of(server: Postgres) -> str:
    return f"postgresql://webhooks@{server.address}/webhooks"


def printed_ini(mode: Mode) -> str:
    """The file of operate.md, with places to fill in."""
    (ini,) = re.findall(r"```ini\n(\[databases\].*?)```", OPERATE.read_text(), re.DOTALL)
    for printed, filled in (
        ("port=5432", "port={port}"),
        ("listen_port = 6432", "listen_port = {listen_port}"),
        ("/etc/pgbouncer/userlist.txt", "{userlist}"),
        ("pool_mode = transaction", f"pool_mode = {mode}"),
    ):
        assert printed in ini
        ini = ini.replace(printed, filled)
    return ini


@asynccontextmanager
async def calling(
    directory: Path, migrated: Path, url: str
) -> AsyncIterator[tuple[httpx.AsyncClient, str, Receiver]]:
    """A whole program on a database, a reseller with a webhook, and its receiver."""
    authority = Authority()
    receiver = Receiver(answers(), tls=authority.serves(LOOPBACK))
    ca_file = authority.write(directory)
    async with (
        receiver,
        serving(directory, migrated, database=url, ca_file=ca_file) as running,
    ):
        reseller = resellers.add(running.database, "Northwind")
        spec = Spec(
            url=receiver.url(host=LOOPBACK), resource=Resource.COMPANY, actions=frozenset(Action)
        )
        webhooks.add(running.database, running.program.box, reseller.id, spec)
        key = authentication.add_key(running.database, Scope.PLATFORM, None).key
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=30) as api:
            yield api, reseller.uuid, receiver


def change(reseller: str, uuid: str, name: str) -> dict[str, object]:
    one = {"reseller": reseller, "type": "COMPANY", "uuid": uuid, "content": {"name": name}}
    return {"changes": [one]}


@needs("pgbouncer")
@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_behind_pgbouncer_every_change_is_taken_and_delivered(
    tmp_path: Path, migrated: Path, server: Postgres, mode: Mode
) -> None:
    with pgbouncer(url_of(server), mode, ini=printed_ini(mode)) as bouncer:
        async with calling(tmp_path, migrated, bouncer.url) as (api, reseller, receiver):

            async def call(number: int) -> list[httpx.Response]:
                return [
                    await api.post("/api/v1/changes", json=change(reseller, f"c{number}", f"{n}"))
                    for n in range(CHANGES)
                ]

            got = [one for some in await asyncio.gather(*map(call, range(CALLERS))) for one in some]
            await receiver.received(CALLERS * CHANGES)

    assert {one.status_code for one in got} == {200}
    events = {one.json()["results"][0]["event"] for one in got}
    assert {one.header("webhook-id") for one in receiver.requests} == events


async def test_a_locked_table_is_told_to_callers_in_time(
    tmp_path: Path, migrated: Path, server: Postgres
) -> None:
    async with calling(tmp_path, migrated, url_of(server)) as (api, reseller, _):
        with psycopg.connect(url_of(server)) as other:
            other.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            body = change(reseller, "c1", "Locked")
            locked = await asyncio.gather(
                *(api.post("/api/v1/changes", json=body) for _ in range(20))
            )
            took_s = time.monotonic() - began
        after = await api.post("/api/v1/changes", json=body)

    assert {one.status_code for one in locked} == {503}
    assert all(one.headers["retry-after"] for one in locked)
    assert took_s < 10
    assert after.status_code == 200
