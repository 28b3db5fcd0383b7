"""What a database refuses is Unavailable with its cause; mistakes of ours stay what they are."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.store.db.database import Database, Tx

SQLITE_PAGES = "PRAGMA max_page_count = 1"


def run(statement: str) -> Callable[[Tx], object]:
    return lambda tx: tx.connection.execute(text(statement))


def refusal(database: Database, *statements: str) -> Unavailable:
    """What the last of these is refused with."""

    def attempt() -> None:
        with database.write() as tx:
            for statement in statements:
                run(statement)(tx)

    with pytest.raises(Unavailable) as refused:
        attempt()
    return refused.value


@pytest.mark.parametrize(
    ("statements", "cause"),
    [
        (["SET TRANSACTION READ ONLY", "DELETE FROM delivery"], Cause.READ_ONLY),
        (["SELECT pg_sleep(20)"], Cause.BUSY),
        (["SELECT * FROM no_such_table"], Cause.TABLES),
        (["SELECT no_such_column FROM delivery"], Cause.TABLES),
        (["SET LOCAL ROLE pg_monitor", "SELECT 1 FROM delivery"], Cause.RIGHTS),
        (["SELECT pg_terminate_backend(pg_backend_pid())"], Cause.AWAY),
        (["EXECUTE no_such_statement"], Cause.AWAY),
        (["LOCK TABLE delivery IN ROW SHARE MODE NOWAIT"], Cause.BUSY),
    ],
)
def test_postgresql_refuses_by_code(
    on_postgres: Database, statements: list[str], cause: Cause
) -> None:
    with psycopg.connect(on_postgres.url) as other:
        if "NOWAIT" in statements[0]:
            other.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        found = refusal(on_postgres.within(1), *statements)

    assert found.cause is cause
    with on_postgres.write() as tx:
        assert run("SELECT 1")(tx)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("statements", "cause"),
    [
        (["PRAGMA query_only = ON", "DELETE FROM delivery"], Cause.READ_ONLY),
        ([SQLITE_PAGES, "CREATE TABLE big AS SELECT randomblob(90000)"], Cause.READ_ONLY),
        (["SELECT * FROM no_such_table"], Cause.TABLES),
    ],
)
def test_sqlite_refuses_by_code(on_sqlite: Database, statements: list[str], cause: Cause) -> None:
    assert refusal(on_sqlite, *statements).cause is cause


@pytest.mark.sqlite
def test_a_file_that_is_no_database_any_more_is_damaged(
    on_sqlite: Database, tmp_path: Path
) -> None:
    on_sqlite.close()
    for part in ("test.db-wal", "test.db-shm"):
        (tmp_path / part).unlink(missing_ok=True)
    (tmp_path / "test.db").write_bytes(b"not a database" * 1000)

    assert refusal(Database(on_sqlite.url), "SELECT 1 FROM delivery").cause is Cause.DAMAGED


@pytest.mark.sqlite
def test_who_cannot_get_the_writer_is_told_within_seconds(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        run("DELETE FROM delivery")(tx)

        assert refusal(Database(on_sqlite.url), "DELETE FROM delivery").cause is Cause.BUSY


def test_a_mistake_of_ours_is_none_of_the_stores(database: Database) -> None:
    with pytest.raises(DBAPIError), database.write() as tx:
        run("INSERT INTO reseller (uuid, name) VALUES (NULL, NULL)")(tx)


def test_callers_never_read_the_drivers_words(database: Database) -> None:
    found = refusal(database, "SELECT * FROM no_such_table")

    assert str(found.message) == "the store lacks tables of this version"
    assert "no_such_table" in found.internal
    assert str(found) == f"{found.message}: {found.internal}"


def test_timeouts_hold_for_a_transaction_alone(on_postgres: Database) -> None:
    ask = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    with on_postgres.write() as tx:
        usual = tx.connection.execute(ask).one()
    with on_postgres.within(61, lock_s=5).write() as tx:
        patient = tx.connection.execute(ask).one()

    assert tuple(usual) == ("7s", "3s")
    assert tuple(patient) == ("1min", "5s")
