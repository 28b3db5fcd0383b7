"""Identifies the place of a store, which tells whether it went back in time.

PostgreSQL: which cluster, database and table it lies in, and on which timeline; a promotion or a
recovery begins a timeline, pg_restore makes other tables. SQLite: a mark beside the file holds the
newest event's number; a file with older ones is an old copy. `backup` says COPY in its copies.
"""

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from reseller_webhooks.store.db.database import Database, Tx

COPY, MARKED = "copy", "marked"
"""Of an SQLite file: a backup that was not used yet; one that has a mark beside it."""
TIMELINE_DIGITS = 8
MARK = ".newest-event"

_CLUSTER = text("SELECT system_identifier FROM pg_control_system()")
_PLACE = text(
    "SELECT CONCAT_WS('/', (SELECT oid FROM pg_database WHERE datname = current_database()),"
    " CAST(CAST('generation' AS regclass) AS oid), store_timeline())"
    " WHERE store_timeline() IS NOT NULL"
)


def place(tx: Tx) -> str | None:
    """The place of a PostgreSQL store; None for an SQLite file or an unknown place."""
    if tx.dialect.name != "postgresql":
        return None
    within = tx.connection.execute(_PLACE).scalar()
    return within and f"{_cluster(tx)}/{within}"


def _cluster(tx: Tx) -> int:
    """The id of the cluster; 0 where the role may not read it."""
    with suppress(DBAPIError), tx.connection.begin_nested():
        return int(tx.connection.execute(_CLUSTER).scalar_one())
    return 0


def mark_of(database: Database) -> Path | None:
    """The file that holds the mark of an SQLite file; None of other stores."""
    file = Database.file_of(database.url)
    return file.with_name(file.name + MARK) if file and file.name else None


def read_mark(mark: Path) -> int | None:
    """The number in the mark; None if there is no mark."""
    try:
        return int(mark.read_text())
    except (FileNotFoundError, ValueError):
        return None


def write_mark(mark: Path, number: int) -> None:
    """Write the mark atomically: a crash leaves the previous mark or this one."""
    new = mark.with_name(mark.name + ".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, b"%d\n" % number)
        os.fsync(handle)
    finally:
        os.close(handle)
    new.replace(mark)
    folder = os.open(mark.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
