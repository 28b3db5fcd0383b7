"""Connections and transactions. Owns how a transaction begins, ends and knows its time.

A transaction also knows who asked for it, so that the audit log needs no argument of its own.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reseller_webhooks.clock import Micros, StoreClock, monotonic_s
from reseller_webhooks.core.audit import PROGRAM, Actor
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.store import metering, postgres, sqlite
from reseller_webhooks.store.metering import Access, Metered, PoolUse

COLLIDED = "another transaction was writing the same"
DEADLOCKS = {"40001", "40P01"}
"""What PostgreSQL calls a serialization failure and a deadlock (appendix A of its manual)."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction. Everything it writes carries the same time. by: who asked for it."""

    connection: Connection
    now: Micros
    by: Actor = PROGRAM


class Database:
    """One store: an SQLite file or a PostgreSQL database, by its URL."""

    def __init__(self, url: str) -> None:
        self._dialect = sqlite if url.startswith("sqlite") else postgres
        self.url = url
        self.engine: Engine
        self.engine, self._writing = self._dialect.create(url)
        # SQLite has one writer. Waiting here is fair and wakes at once; its own busy
        # handler sleeps and starves whoever comes late.
        self._writer: AbstractContextManager[Any] = (
            Lock() if self._dialect is sqlite else nullcontext()
        )
        self._by = PROGRAM
        self.clock = StoreClock()
        """The store's, read in every transaction."""

    def acting(self, by: Actor) -> "Database":
        """The same store, for what somebody does."""
        same = copy(self)
        same._by = by
        return same

    @staticmethod
    def file_of(url: str) -> Path | None:
        """The SQLite file that a URL names, or None for a server."""
        return sqlite.file(url) if url.startswith("sqlite") else None

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits when the block ends, or leaves no trace."""
        with Metered(Access.WRITE) as metered, self._writer, self._begin(write=True) as tx:
            metered.connected()
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent view; on SQLite it neither waits for a writer nor holds one up."""
        with Metered(Access.READ) as metered, self._begin(write=False) as tx:
            metered.connected()
            yield tx

    def pools(self) -> list[PoolUse]:
        """How full the connection pools are."""
        return list(metering.pools(self.engine, self._writing))

    @contextmanager
    def _begin(self, *, write: bool) -> Iterator[Tx]:
        engine = self._writing if write else self.engine
        try:
            with engine.connect() as connection:
                options = connection.execution_options(writes=write)
                with options.begin():
                    yield Tx(options, self._now(options), self._by)
        except IntegrityError as error:
            raise Unavailable(f"{COLLIDED}: {_short(error)}", collided=True) from error
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            if getattr(error.__cause__, "sqlstate", None) in DEADLOCKS:
                raise Unavailable(f"{COLLIDED}: {_short(error)}", collided=True) from error
            raise Unavailable(f"the store does not answer: {_short(error)}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable("the connection to the store was lost") from error
            raise

    def _now(self, connection: Connection) -> Micros:
        asked_s = monotonic_s()
        at: Micros = self._dialect.now(connection)
        self.clock.read(at, asked_s)
        return at

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self._writing.dispose()


def _short(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().split("\n", 1)[0]
