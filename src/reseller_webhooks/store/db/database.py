"""Connections and transactions. Owns how a transaction begins, ends and knows its time.

A transaction also knows who asked for it, so that the audit log needs no argument of its own.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import cast

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import Dialect

from reseller_webhooks.clock import Micros, StoreClock, monotonic_s
from reseller_webhooks.core.access.audit import PROGRAM, Act, Actor
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.observability.outages import Outage
from reseller_webhooks.store.db import errors, metering, postgres, sqlite
from reseller_webhooks.store.db.commits import CommitEffects, Commits
from reseller_webhooks.store.db.driver import Driver
from reseller_webhooks.store.db.limits import LOCK_S, POOL_S, USUAL, StoreLimits
from reseller_webhooks.store.db.metering import Access, Metered, PoolUse
from reseller_webhooks.store.db.postgres_driver import PostgresDriver
from reseller_webhooks.store.db.shared_horizon import SharedHorizon
from reseller_webhooks.store.db.sqlite_driver import SqliteDriver

HORIZONS = ("record", "event", "delivery", "attempt")
"""Tables whose readers must not miss a late commit."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction. Everything it writes carries the same time. by: who asked for it.

    charge: counts an act towards the quotas of whoever asked for it; None for who has none.
    written: what to tell the listeners of `Database.commits` after the commit.
    made: waits for new deliveries to hand over then.
    """

    driver: Driver
    by: Actor = PROGRAM
    charge: "Charge | None" = None
    written: set[CommitEffects] = field(default_factory=set)
    made: list[Callable[[], list[DueDelivery]]] = field(default_factory=list)

    @property
    def now(self) -> Micros:
        """The transaction's time, of the store's clock."""
        return self.driver.now

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection. Statements of `driver` that came before have run."""
        return self.driver.connection

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the database."""
        return self.driver.dialect


Charge = Callable[[Tx, Act], None]


class Damage:
    """Remembers that a statement met a damaged file."""

    HOLDS_S = 300.0
    """An index that was made anew on PostgreSQL is whole again; nothing else says so."""

    def __init__(self) -> None:
        self._met_s: float | None = None

    def note(self) -> None:
        """A statement has just met it."""
        self._met_s = monotonic_s()

    @property
    def is_met(self) -> bool:
        """True if a statement met damage within HOLDS_S."""
        return self._met_s is not None and monotonic_s() - self._met_s < self.HOLDS_S


class KnownResellers:
    """The store's numbers of resellers, as they were read last.

    A number never changes, but its reseller may be gone: a transaction checks what it uses.
    """

    MAX = 10_000

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, uuids: Collection[str]) -> dict[str, int]:
        """The numbers of those that are known."""
        return {uuid: self._numbers[uuid] for uuid in uuids if uuid in self._numbers}

    def note(self, numbers: Mapping[str, int]) -> None:
        """Take what was read."""
        if len(self._numbers) > self.MAX:
            self._numbers = {}
        self._numbers.update(numbers)


class Database:
    """One store: an SQLite file or a PostgreSQL database, by its URL."""

    def __init__(self, url: str, *, reads_only: bool = False) -> None:
        """reads_only: makes and changes nothing; Refused when an SQLite file is not there."""
        self._dialect = sqlite if url.startswith("sqlite") else postgres
        self.url = url
        self.engine: Engine
        self.engine, self._writing = self._dialect.create(url, reads_only=reads_only)
        # SQLite has one writer. Waiting here is fair and wakes at once; its own busy
        # handler sleeps and starves whoever comes late.
        self._writer = Lock() if self._dialect is sqlite else None
        self._by = PROGRAM
        self._charge: Charge | None = None
        self._limits = USUAL
        self.clock = StoreClock()
        """The store's, read in every transaction."""
        self.commits = Commits()
        self.damage = Damage()
        self.outage = Outage()
        self.known_resellers = KnownResellers()
        self.horizons = {
            table: SharedHorizon() for table in ("record", "event", "delivery", "attempt")
        }

    def acting(self, by: Actor, charge: Charge | None = None) -> "Database":
        """The same store with an actor for the audit log. charge: as in `Tx`."""
        same = copy(self)
        same._by, same._charge = by, charge
        return same

    def within(self, answer_s: float, *, lock_s: float = LOCK_S) -> "Database":
        """The same store, for work whose statements may take longer than a caller would wait."""
        same = copy(self)
        same._limits = StoreLimits(answer_s, lock_s)
        return same

    @staticmethod
    def file_of(url: str) -> Path | None:
        """The SQLite file that a URL names, or None for a server."""
        return sqlite.file(url) if url.startswith("sqlite") else None

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits when the block ends, or leaves no trace."""
        made: list[DueDelivery] = []
        with (
            Metered(Access.WRITE) as metered,
            self._turn(),
            self._transaction(writes=True, made=made) as tx,
        ):
            begun_s = monotonic_s()
            metered.connected()
            yield tx
        self.commits.committed(tx.written, made, begun_s)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent view; on SQLite it neither waits for a writer nor holds one up."""
        with Metered(Access.READ) as metered, self._transaction(writes=False) as tx:
            metered.connected()
            yield tx

    @contextmanager
    def without_transaction(self) -> Iterator[Connection]:
        """A connection whose statements each stand alone, for what no transaction may hold.

        PostgreSQL only. Of the limits, only `answer_s` holds.
        """
        with errors.translated(), self._writing.connect() as connection:
            yield postgres.without_transaction(connection, self._limits)

    @property
    def has_one_writer(self) -> bool:
        """True if each transaction that writes waits for all others that write."""
        return self._writer is not None

    @contextmanager
    def driver(self) -> Iterator[sqlite3.Connection]:
        """The driver's connection that writes, for what no transaction may hold. SQLite only."""
        with self._turn():
            connection = self._writing.raw_connection()
            try:
                yield cast("sqlite3.Connection", connection.driver_connection)
            finally:
                connection.close()

    def checkpoint(self) -> None:
        """On SQLite, copy committed pages from the write-ahead log into the file.

        Bulk work does this between its transactions. Otherwise the commit that fills the log does
        it, and the next writer waits for both. A failure loses nothing: the log keeps the pages.
        """
        if self._writer is not None:
            with self.driver() as connection, suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def pools(self) -> list[PoolUse]:
        """The use of the connection pools."""
        return list(metering.pools(self.engine, self._writing))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the single writer's turn, where there is a single writer."""
        if self._writer is None:
            yield
            return
        if not self._writer.acquire(timeout=POOL_S):
            raise errors.unavailable(Cause.BUSY, "another transaction writes for too long")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _transaction(self, *, writes: bool, made: list[DueDelivery] | None = None) -> Iterator[Tx]:
        """made: gets the new deliveries once they are committed."""
        try:
            with errors.translated(), closing(self._driver(writes=writes)) as driver:
                tx = Tx(driver, self._by, self._charge)
                try:
                    yield tx
                    driver.commit()
                    if made is not None:
                        made.extend(chain.from_iterable(its() for its in tx.made))
                except BaseException:
                    driver.rollback()
                    raise
            self.outage.succeeded()
        except Unavailable as error:
            self.outage.failed(error)
            if error.cause is Cause.DAMAGED:
                self.damage.note()
            raise

    def _driver(self, *, writes: bool) -> Driver:
        engine = self._writing if writes else self.engine
        if self._dialect is sqlite:
            return SqliteDriver(engine, self.clock, writes=writes)
        return PostgresDriver(engine, self.clock, self._limits, writes=writes)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self._writing.dispose()
