"""What is peculiar to SQLite: how to connect, when a commit is durable, what time it is."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from reseller_webhooks import clock

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # a commit is on the disk before anybody hears of it
    "foreign_keys": "ON",
    "busy_timeout": "10000",  # milliseconds; only other processes are waited for in this way
    "cache_size": "-4096",  # KiB a connection, of which there are two dozen at most
    "wal_autocheckpoint": "4000",  # pages; a checkpoint every 16 MB instead of every 4
    "temp_store": "MEMORY",
}


def file(url: str) -> Path:
    """The file that the URL names."""
    return Path(make_url(url).database or "")


def create(url: str) -> Engine:
    """An engine whose transactions begin as the caller means them: reading or writing."""
    file(url).parent.mkdir(parents=True, exist_ok=True)
    if file(url).name:  # else it is one in memory
        file(url).touch(
            mode=0o600
        )  # records and password hashes; what SQLite puts beside it follows
    # Kept open, all that a program's threads can use at once: opening one costs a millisecond.
    engine = create_engine(url, pool_size=24, max_overflow=16, pool_timeout=10)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def now(_: Connection) -> clock.Micros:
    """The store's time: one machine, so its clock."""
    return clock.now()


def _on_connect(connection: Any, _: object) -> None:
    # The driver would begin transactions by itself, and late; SQLAlchemy's documented
    # way is to switch that off and to send BEGIN in the event below.
    connection.isolation_level = None
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")


def _on_begin(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later could not be upgraded
    # once another process has written.
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
