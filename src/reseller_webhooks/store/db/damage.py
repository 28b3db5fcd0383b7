"""Damage of the store's file: errors that statements met, and findings of SQLite's own check."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.store.db.database import Database

REMEDY = "restore it from the backup: docs/operate.md, Backup"
STEPS = 10_000
"""Instructions of SQLite between two looks at the clock; some milliseconds."""
PROBLEMS_MAX = 3


def quick_check(database: Database, *, within_s: float) -> list[str] | None:
    """Run PRAGMA quick_check on an SQLite file; its findings, or None when the time did not
    suffice.

    Nothing for a server, which looks after its own files.
    """
    if Database.file_of(database.url) is None:
        return []
    with database.read() as tx, _deadline(tx.connection, within_s):
        try:
            found = tx.connection.exec_driver_sql(f"PRAGMA quick_check({PROBLEMS_MAX})").scalars()
            return [" ".join(line.split()) for line in found if line != "ok"]
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                return None
            raise


@contextmanager
def _deadline(connection: Connection, within_s: float) -> Iterator[None]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the dialect's
    until_s = monotonic_s() + within_s
    driver.set_progress_handler(lambda: monotonic_s() > until_s, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, STEPS)
