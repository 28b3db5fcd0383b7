"""An SQLite file gives its free pages back, in small steps."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.db import space
from reseller_webhooks.store.db.database import Database

pytestmark = pytest.mark.sqlite
PAGES = 3 * space.KEPT_MIN


def _fill_and_empty(database: Database) -> None:
    with database.write() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE filler (bytes BLOB)")
        insert = "INSERT INTO filler SELECT zeroblob(4000) FROM generate"
        numbers = "WITH RECURSIVE generate(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM generate"
        tx.connection.exec_driver_sql(f"{numbers} WHERE n < {PAGES}) {insert}")
    with database.write() as tx:
        tx.connection.exec_driver_sql("DROP TABLE filler")


def _free(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _pages(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])


def test_a_checkpoint_copies_committed_pages_into_the_file(
    on_sqlite: Database, tmp_path: Path
) -> None:
    path = tmp_path / "test.db"
    on_sqlite.checkpoint()
    before = path.stat().st_size
    with on_sqlite.write() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE filler AS SELECT zeroblob(400000)")
    in_log = path.stat().st_size
    on_sqlite.checkpoint()

    assert in_log == before
    assert path.stat().st_size > before + 300_000


def test_free_pages_are_given_back_in_steps_until_few_are_left(
    on_sqlite: Database, tmp_path: Path
) -> None:
    _fill_and_empty(on_sqlite)
    path = tmp_path / "test.db"
    before = _pages(path)
    steps = list(iter(lambda: maintenance.give_space_back(on_sqlite), 0))

    assert max(steps) == maintenance.PAGES
    assert _free(path) == space.KEPT_MIN
    assert _pages(path) <= before - sum(steps)


def test_a_file_of_an_earlier_version_does_so_after_it_was_compacted(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE old (number INTEGER)")
    database = Database(f"sqlite:///{path}")
    _fill_and_empty(database)
    nothing = maintenance.give_space_back(database)
    before, after = space.compact(database)
    _fill_and_empty(database)

    assert nothing == 0
    assert after < before
    assert maintenance.give_space_back(database) == maintenance.PAGES
    database.close()


def test_a_file_in_use_is_not_rewritten(on_sqlite: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="cannot be rewritten: database is locked; stop what"):
            space.compact(on_sqlite)


def test_on_postgresql_there_is_nothing_to_do(on_postgres: Database) -> None:
    assert maintenance.give_space_back(on_postgres) == 0
    with pytest.raises(Refused, match="this command is for SQLite"):
        space.compact(on_postgres)


def test_a_new_connection_waits_for_no_writer(on_sqlite: Database) -> None:
    other = Database(on_sqlite.url)
    with on_sqlite.write(), other.read() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == 2
    other.close()
