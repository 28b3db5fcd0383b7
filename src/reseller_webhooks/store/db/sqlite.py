"""SQLite: connections, durable commits, the time."""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.store.db import sqlite_driver
from reseller_webhooks.store.db.limits import POOL_S

INCREMENTAL = 2
"""The value of `PRAGMA auto_vacuum` with which free pages are given back in steps."""

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # a commit is on the disk before anybody hears of it
    "foreign_keys": "ON",
    "busy_timeout": "4000",  # milliseconds; only other processes are waited for in this way
    "wal_autocheckpoint": "4000",  # pages; a checkpoint every 16 MB instead of every 4
    "temp_store": "MEMORY",
}


READ_CACHE_KIB, WRITE_CACHE_KIB = 4_096, 32_768
"""For each connection, of which two dozen read at most and one writes."""


def file(url: str) -> Path:
    """The file that the URL names."""
    return Path(make_url(url).database or "")


def create(url: str, *, reads_only: bool = False) -> tuple[Engine, Engine]:
    """To read with: as many connections as a program's threads use. To write with: the one.

    What the one that writes knows of the file stays true until another process writes, so it may
    know more. reads_only: for a command that changes nothing. Refused when there is no file then.
    """
    if reads_only:
        require_file(url)
        engine = create_engine(url, creator=partial(_open_to_read, file(url)))
        event.listen(engine, "begin", _on_begin)
        return engine, engine
    _make_folder(file(url).parent)
    if file(url).name:  # else it is one in memory
        file(url).touch(
            mode=0o600
        )  # records and password hashes; what SQLite puts beside it follows
    # Kept open, since opening one costs a millisecond; the last one used still knows some pages.
    reading = _engine(url, READ_CACHE_KIB, pool_size=24, max_overflow=16, pool_use_lifo=True)
    return reading, _engine(url, WRITE_CACHE_KIB, pool_size=1, max_overflow=0)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"the folder {folder} of the database cannot be made: {error.strerror}; "
            "name a file elsewhere in RESELLER_WEBHOOKS_DATABASE"
        ) from None


def require_file(url: str) -> None:
    """Refused when the file that the URL names is not there."""
    if not file(url).is_file():
        raise Refused(
            f"there is no database {file(url)}; run reseller-webhooks migrate to make it, "
            "or name another in RESELLER_WEBHOOKS_DATABASE"
        )


def _open_to_read(path: Path) -> sqlite3.Connection:
    # Not mode=ro: to read a file in WAL mode its companions may have to be made for the while.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, check_same_thread=False
    )
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")
    return connection


def _engine(url: str, cache_kib: int, **pool: Any) -> Engine:
    engine = create_engine(url, pool_timeout=POOL_S, **pool)
    event.listen(engine, "connect", partial(_on_connect, cache_kib=cache_kib))
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: object, *, cache_kib: int) -> None:
    # The driver would begin transactions by itself, and late; SQLAlchemy's documented
    # way is to switch that off and to send BEGIN in the event below.
    connection.isolation_level = None
    _make_auto_vacuum_incremental(connection)
    for name, value in (PRAGMAS | {"cache_size": f"-{cache_kib}"}).items():
        connection.execute(f"PRAGMA {name} = {value}")


def _make_auto_vacuum_incremental(connection: Any) -> None:
    """Must come before anything makes the first page of a new file.

    Where it is so already, setting it again would write, and so wait for whoever writes.
    """
    if connection.execute("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):
        connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")


def _on_begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    sqlite_driver.begin(cast("sqlite3.Connection", driver), writes=True)
