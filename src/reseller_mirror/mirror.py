"""A local database that follows the platform: a table for each type, applied by version.

Any database that SQLAlchemy speaks to.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from reseller_mirror import bulk_write
from reseller_mirror.digest import Digest, digest_of
from reseller_mirror.notification import Notification
from reseller_mirror.tables import TABLES, Held, metadata, position, row

__all__ = ["TABLES", "Held", "Mirror", "connect"]
BUSY_MS = 30_000
"""Milliseconds for which a writer waits for another, on SQLite."""


def connect(url: str) -> Engine:
    """An engine for a mirror. SQLite is set to let readers and one writer go on together.

    A new SQLite file is readable by its owner alone, since it holds what notifications told.
    """
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        _create_private(engine.url.database)
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _create_private(file: str | None) -> None:
    """Create the file with mode 0600; SQLite gives its journals the same. One there is kept."""
    if not file or file == ":memory:" or file.startswith("file:"):
        return
    with suppress(OSError):  # SQLite says better what is wrong with it
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


class Mirror:
    """The local side. Every call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def create(self) -> None:
        """Make the tables that are not there yet."""
        metadata.create_all(self.engine)

    def apply(self, notification: Notification) -> bool:
        """Apply a notification if it is newer than the stored record; True if it was.

        Safe against repeats, any sequence, and other processes that apply at the same time.
        """
        return self.apply_all([notification]) == [True]

    def apply_all(
        self, notifications: Iterable[Notification], *, cursor: str | None = None
    ) -> list[bool]:
        """Apply several in one transaction, all or none; of each, whether it was newer.

        cursor: of the event feed behind them, stored in the same transaction.
        """
        with self.engine.begin() as connection:
            if cursor is not None:
                _set_cursor(connection, cursor)
            return [
                not one.is_test
                and _keep(connection, one.resource, Held(one.uuid, one.version, one.content))
                for one in notifications
            ]

    def cursor(self) -> str | None:
        """The position in the event feed to read on from; None to begin anew."""
        with self.engine.connect() as connection:
            return connection.execute(select(position.c.cursor)).scalar()

    def set_cursor(self, cursor: str | None) -> None:
        """Read the event feed on from here."""
        with self.engine.begin() as connection:
            _set_cursor(connection, cursor)

    def keep(self, resource: str, records: Iterable[Held], *, even_if_older: bool = False) -> int:
        """Store those records that are newer than the stored ones; returns their number.

        even_if_older: also where they differ the other way, for a platform that was restored
        from a backup and has gone back.
        """
        with self.engine.begin() as connection:
            return bulk_write.keep_newer(
                connection, resource, list(records), even_if_older=even_if_older
            )

    def forget_others(
        self,
        resource: str,
        bucket: int | None,
        known: Collection[str],
        *,
        below: int | None = None,
    ) -> int:
        """Drop what the platform does not have, of one bucket or of all; how many there were.

        known: the uuids of everything it has there. below: drop only versions below this one.
        """
        table = TABLES[resource]
        statement = select(table.c.uuid)
        if below is not None:
            statement = statement.where(table.c.version < below)
        if bucket is not None:
            statement = statement.where(table.c.bucket == bucket)
        with self.engine.begin() as connection:
            others = set(connection.execute(statement).scalars()) - set(known)
            bulk_write.drop(connection, table, others)
        return len(others)

    def held(self, resource: str, uuids: Collection[str]) -> dict[str, Held]:
        """Those of the records that are held."""
        table = TABLES[resource]
        statement = select(table.c.uuid, table.c.version, table.c.content)
        with self.engine.connect() as connection:
            rows = connection.execute(statement.where(table.c.uuid.in_(uuids))).tuples()
            return {
                uuid: Held(uuid, version, None if text is None else json.loads(text))
                for uuid, version, text in rows
            }

    def version(self, resource: str, uuid: str) -> int:
        """The version that is held of a record, 0 for none."""
        table = TABLES[resource]
        with self.engine.connect() as connection:
            found = connection.execute(select(table.c.version).where(table.c.uuid == uuid))
            return found.scalar() or 0

    def count(self, resource: str) -> int:
        """Number of stored records, tombstones included."""
        with self.engine.connect() as connection:
            return connection.execute(
                select(func.count()).select_from(TABLES[resource])
            ).scalar_one()

    def digest(self, resource: str) -> Digest:
        """The digest of everything held, counted from nothing, so that it proves something."""
        with self.engine.connect() as connection:
            return digest_of(_pairs(connection, TABLES[resource]))


def _set_cursor(connection: Connection, cursor: str | None) -> None:
    connection.execute(delete(position))
    if cursor is not None:
        connection.execute(insert(position).values(name="feed", cursor=cursor))


def _pairs(connection: Connection, table: Table) -> Iterator[tuple[str, int]]:
    yield from connection.execute(select(table.c.uuid, table.c.version)).tuples()


def _keep(connection: Connection, resource: str, record: Held) -> bool:
    table, values = TABLES[resource], row(resource, record)
    older = table.c.version < record.version
    statement = update(table).where(table.c.uuid == record.uuid, older).values(values)
    if connection.execute(statement).rowcount:
        return True
    held = connection.execute(select(table.c.version).where(table.c.uuid == record.uuid)).scalar()
    return held is None and _add(connection, resource, record)


def _add(connection: Connection, resource: str, record: Held) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(TABLES[resource]).values(row(resource, record)))
    except IntegrityError:  # another process was quicker, maybe with an older one
        return _keep(connection, resource, record)
    return True


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
