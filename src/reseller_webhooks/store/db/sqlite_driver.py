"""A transaction on SQLite. Statements run at once, as there is no round trip."""

import sqlite3
from contextlib import suppress
from typing import cast

from sqlalchemy import Connection, Engine

from reseller_webhooks import clock
from reseller_webhooks.store.db.driver import Row, Values


class SqliteAnswer:
    """The answer to a statement that has run."""

    __slots__ = ("_count", "_rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        # At once: as long as a statement has rows to give, no transaction can end.
        self._rows = cursor.fetchall() if cursor.description else []
        self._count = cursor.rowcount

    def rows(self) -> list[Row]:
        """The rows."""
        return self._rows

    def count(self) -> int:
        """The number of rows written."""
        return self._count


class SqliteDriver:
    """A transaction, begun as the caller means it: reading or writing."""

    def __init__(self, engine: Engine, store_clock: clock.StoreClock, *, writes: bool) -> None:
        self.dialect = engine.dialect
        self._engine = engine
        self._pooled = engine.raw_connection()
        self._sqlite = cast("sqlite3.Connection", self._pooled.driver_connection)
        self._connection: Connection | None = None
        try:
            begin(self._sqlite, writes=writes)
        except BaseException:
            self._pooled.close()
            raise
        asked_s = clock.monotonic_s()
        self.now = clock.now()
        """The store's time: one machine, so its clock."""
        store_clock.read(self.now, asked_s)

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection."""
        if self._connection is None:
            self._connection = Connection(self._engine, self._pooled)
            self._connection.begin()
        return self._connection

    def send(self, text: str, values: Values) -> SqliteAnswer:
        """Run a statement."""
        return SqliteAnswer(self._sqlite.execute(text, values))

    def last_row(self, text: str, values: Values) -> int:
        """Run an insert; the number of its last row."""
        return self._sqlite.execute(text, values).lastrowid or 0

    def flush(self) -> None:
        """Nothing is left to run."""

    def commit(self) -> None:
        """End the transaction."""
        self._sqlite.commit()

    def rollback(self) -> None:
        """Undo the transaction."""
        with suppress(sqlite3.Error):
            self._sqlite.rollback()

    def close(self) -> None:
        """Give the connection back."""
        (self._connection or self._pooled).close()


def begin(connection: sqlite3.Connection, *, writes: bool) -> None:
    """Begin a transaction, unless one has begun."""
    # IMMEDIATE: a transaction that reads first and writes later could not be upgraded
    # once another process has written.
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
