"""Gives free pages of an SQLite file back to the disk. PostgreSQL reuses its own.

A file that an earlier version has made does so only after `compact`, which rewrites it once.
"""

import sqlite3

from reseller_webhooks.core.errors import Cause, Refused
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.errors import unavailable
from reseller_webhooks.store.db.sqlite import INCREMENTAL

KEPT_SHARE = 10
"""Share of the file that may be free: later writes use it."""
KEPT_MIN = 1_000
"""Free pages, 4 MB, that are never worth the work."""


def give_back(database: Database, *, limit: int) -> int:
    """Give back up to `limit` free pages; how many."""
    if Database.file_of(database.url) is None:
        return 0
    with database.driver() as connection:
        free = _pragma(connection, "freelist_count")
        spare = free - max(KEPT_MIN, _pragma(connection, "page_count") // KEPT_SHARE)
        if spare <= 0 or _pragma(connection, "auto_vacuum") != INCREMENTAL:
            return 0
        try:
            # As a script: of a statement without columns the driver takes but one step, or page.
            connection.executescript(f"PRAGMA incremental_vacuum({min(spare, limit)})")
        except sqlite3.OperationalError as error:
            raise unavailable(Cause.BUSY, str(error)) from None
        return free - _pragma(connection, "freelist_count")


def compact(database: Database) -> tuple[int, int]:
    """Rewrite an SQLite file without free pages; its bytes before and after.

    Refused for a server, and while another process uses the file.
    """
    path = Database.file_of(database.url)
    if path is None:
        raise Refused("PostgreSQL reuses its free space by itself; this command is for SQLite")
    before = path.stat().st_size
    try:
        with database.driver() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise Refused(
            f"the file {path} cannot be rewritten: {error}; stop what uses it, "
            "and keep as much free on its disk as it has bytes"
        ) from None
    return before, path.stat().st_size


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
