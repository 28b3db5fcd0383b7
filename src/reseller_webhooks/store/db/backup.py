"""A copy of the database while it is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.origin import COPY


def copy(database: Database, target: Path) -> None:
    """Write a consistent copy to a file that is not there yet; writers go on meanwhile."""
    if Database.file_of(database.url) is None:
        raise Refused("a PostgreSQL database is copied with pg_dump; this command is for SQLite")
    if target.exists():
        raise Refused(f"{target} is there already; give the name of a new file")
    if not target.parent.is_dir():
        raise Refused(f"there is no folder {target.parent}")
    target.touch(mode=0o600)  # an empty file is one that SQLite may write to
    # Outside a transaction, which VACUUM does not allow.
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA query_only = OFF")  # it writes the target
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()
    _say_that_it_is_a_copy(target)


def _say_that_it_is_a_copy(target: Path) -> None:
    """A process that uses the copy as its store has to know that versions were given since."""
    with closing(sqlite3.connect(target)) as connection, connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'generation'").fetchone():
            connection.execute("UPDATE generation SET origin = ?", (COPY,))
