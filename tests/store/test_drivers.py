"""Statements go past SQLAlchemy in their sequence, on connections that live."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.prepared import PREPARED_MAX, PreparedStatements

NUMBER = "SELECT CAST(%(number)s AS BIGINT)"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"


@pytest.fixture
def outside(empty_postgres: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        yield connection


def number(database: Database, value: int) -> int:
    with database.read() as tx:
        return int(tx.driver.send(NUMBER, {"number": value}).rows()[0][0])


def test_statements_run_in_the_sequence_in_which_they_were_sent(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        tx.driver.send("CREATE TEMPORARY TABLE one (value BIGINT) ON COMMIT DROP", {})
        tx.driver.send("INSERT INTO one VALUES (%(value)s)", {"value": 1})
        through_sqlalchemy = tx.connection.execute(text("SELECT value FROM one")).scalars().all()
        changed = tx.driver.send("UPDATE one SET value = value + 1", {})
        found = tx.driver.send("SELECT value, NULL, 'ü%%', TRUE FROM one", {})

        assert through_sqlalchemy == [1]
        assert found.rows() == [(2, None, "ü%", True)]
        assert changed.count() == 1


def test_the_error_of_a_statement_undoes_those_that_share_its_round_trip(
    on_postgres: Database,
) -> None:
    adding = "INSERT INTO number (name, last) VALUES (%(name)s, 1)"

    def add() -> None:
        with on_postgres.write() as tx:
            for name in ("a", "b", "a"):
                tx.driver.send(adding, {"name": name})

    with pytest.raises(Unavailable) as refused:
        add()

    assert refused.value.cause is Cause.COLLIDED
    with on_postgres.read() as tx:
        assert tx.driver.send("SELECT name FROM number WHERE name < 'c'", {}).rows() == []


def test_a_connection_that_died_while_idle_is_replaced(
    on_postgres: Database, outside: psycopg.Connection
) -> None:
    assert number(on_postgres, 1) == 1
    for (pid,) in outside.execute(BACKENDS, [outside.info.dbname]).fetchall():
        outside.execute("SELECT pg_terminate_backend(%s)", [pid])

    assert number(on_postgres, 2) == 2


def test_prepared_statements_that_are_gone_are_prepared_again(on_postgres: Database) -> None:
    assert [number(on_postgres, value) for value in (1, 2, 3)] == [1, 2, 3]
    with on_postgres.write() as tx:
        tx.connection.execute(text("DEALLOCATE ALL"))

    assert [number(on_postgres, value) for value in (4, 5)] == [4, 5]


def test_text_that_postgresql_would_cut_off_is_refused(on_postgres: Database) -> None:
    with pytest.raises(psycopg.DataError), on_postgres.write() as tx:
        tx.driver.send("SELECT %(value)s", {"value": "a\0b"}).rows()


def test_a_statement_has_a_name_from_the_second_time_on_and_few_have_one() -> None:
    prepared = PreparedStatements()
    names = set()
    for place in range(PREPARED_MAX + 2):
        statement = b"SELECT %d" % place
        assert prepared.meet(statement) is None
        assert prepared.meet(statement) == b""
        names.add(prepared.draw_name(statement))
        assert prepared.meet(statement) in names

    surplus = list(prepared.pop_surplus())
    assert len(names) == PREPARED_MAX + 2
    assert len(surplus) == 2
    assert prepared.meet(b"SELECT 0") is None
