"""The command `migrate` against databases that do not answer."""

from io import StringIO
from threading import Thread

import psycopg
import pytest

from reseller_webhooks.bootstrap import migrate_command
from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.store.db.database import Database
from testkit.postgres import postgres
from testkit.processes import wait_until

CONNECT_S = 12.0
"""Two attempts of 3 s, and what a busy machine adds."""


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


def test_connecting_to_a_server_that_hangs_has_a_deadline() -> None:
    with postgres() as server:
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
