"""The command `migrate` against databases that do not answer."""

import os
import sys
from collections.abc import Iterator
from io import StringIO
from subprocess import Popen
from threading import Thread

import psycopg
import pytest

from reseller_webhooks.bootstrap import migrate_command
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.postgres import postgres as own_postgres
from testkit.processes import wait_until
from tests.databases import copied
from tests.store.test_upgrades import bring_to

CONNECT_S = 12.0
"""Two attempts of 3 s, and what a busy machine adds."""


@pytest.fixture
def bare(postgres: str) -> Iterator[Database]:
    """A PostgreSQL database without tables."""
    with copied(postgres, "template1") as url:
        database = Database(url)
        yield database
        database.close()


def test_a_line_says_again_and_again_that_the_database_is_waited_for(empty_postgres: str) -> None:
    output = StringIO()
    database = Database(empty_postgres)
    work = Thread(target=lambda: migrate_command.run(database, every_s=0.1, output=output))
    with psycopg.connect(empty_postgres) as other:
        other.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        work.start()
        wait_until(lambda: output.getvalue().count("\n") >= 2, "two lines were printed")
    work.join()
    database.close()

    assert output.getvalue().startswith("still waiting for the database after 0 s")


def test_several_processes_migrate_at_once(bare: Database) -> None:
    environment = {**os.environ, "RESELLER_WEBHOOKS_DATABASE": bare.url}
    processes = [
        Popen([sys.executable, "-m", "reseller_webhooks", "migrate"], env=environment)
        for _ in range(3)
    ]

    assert [process.wait(60) for process in processes] == [0, 0, 0]


def test_a_migration_that_loses_a_deadlock_runs_again(bare: Database) -> None:
    bring_to(bare, "0023")  # the next locks attempt and webhook before backfill
    work = Thread(target=migrate.upgrade, args=(bare,))
    with psycopg.connect(bare.url, autocommit=False) as other, psycopg.connect(bare.url) as third:
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("LOCK TABLE backfill IN ROW EXCLUSIVE MODE")
        work.start()
        wait_until(lambda: _is_awaited(third, "backfill"), "the migration waits for its lock")
        other.execute("LOCK TABLE attempt IN ROW EXCLUSIVE MODE")
    work.join()

    migrate.check(bare)


def _is_awaited(connection: psycopg.Connection, table: str) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table]
    ).fetchone()
    connection.rollback()
    return bool(found and found[0])


def test_connecting_to_a_server_that_hangs_has_a_deadline() -> None:
    with own_postgres() as server:
        database = Database(server.url)
        migrate_command.run(database)
        database.close()
        server.pause()
        begun = monotonic_s()
        with pytest.raises(Unavailable):
            migrate_command.run(Database(server.url))
        took_s = monotonic_s() - begun
        server.resume()

    assert took_s < CONNECT_S
