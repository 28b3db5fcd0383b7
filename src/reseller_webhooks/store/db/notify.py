"""Notifications of new deliveries and events between processes. Polling finds them too.

PostgreSQL carries them (LISTEN, NOTIFY), unless a pooler is between that lends its sessions for a
transaction only: there a process finds what is new by its poll alone. An SQLite file has a number
that changes with every commit of another connection, and asking for it costs some microseconds.
Most of those are results that are written; whether there are new deliveries or events say the
highest numbers that they ever had.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread

import psycopg
import structlog

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.database_url import PostgresUrl
from reseller_webhooks.store.db import sqlite
from reseller_webhooks.store.db.connections import Connector, PgConnection, shares_sessions
from reseller_webhooks.store.db.limits import BEGIN_S

CHANNEL = "reseller_webhooks"
LOOK_S = 0.02
"""Seconds between reads of an SQLite file's data version."""
APART_S = 0.005
"""Hints given at once are one; PostgreSQL takes a lock of its own for each."""
AGAIN_S = 2.0
ALIVE_S = 5.0
"""Seconds between checks that the server still answers and takes writes."""

_NEWEST = "SELECT sum(seq) FROM sqlite_sequence WHERE name IN ('delivery', 'event')"

log = structlog.get_logger()


class Notifications:
    """Gives hints and hears those of others, on threads of its own."""

    def __init__(self, url: str, heard: Callable[[], None]) -> None:
        self._url = url
        self._heard = heard
        self._is_sqlite = url.startswith("sqlite")
        self._connector = None if self._is_sqlite else Connector(PostgresUrl.parse(url))
        self._given = Event()
        self._ended = Event()
        self._newest_own = self._own_pid = 0
        self._threads: list[Thread] = []
        self._listens = False

    def start(self, *, listens: bool) -> None:
        """Start. listens: receive the notifications of other processes, as workers do."""
        if not self._is_sqlite:
            self._spawn(self._tell_postgres)
        if listens:
            self.listen()

    def listen(self) -> None:
        """Begin to hear others, unless that has begun."""
        if not self._listens:
            self._listens = True
            self._spawn(self._watch_sqlite if self._is_sqlite else self._hear_postgres)

    def give(self) -> None:
        """Something was committed here."""
        self._given.set()

    def note_own(self, newest: int) -> None:
        """This process knows of deliveries up to this number, which it has made itself."""
        self._newest_own = newest

    def stop(self) -> None:
        """End, and wait for the threads."""
        self._ended.set()
        self._given.set()
        for thread in self._threads:
            thread.join()

    def _spawn(self, work: Callable[[], None]) -> None:
        def repeated() -> None:
            while not self._ended.is_set():
                try:
                    work()
                except (psycopg.Error, sqlite3.Error):
                    self._ended.wait(AGAIN_S)  # without hints there is still the poll
                except Exception:
                    log.exception("hints failed; they are tried again")
                    self._ended.wait(AGAIN_S)

        thread = Thread(target=repeated, name="hints", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _watch_sqlite(self) -> None:
        with closing(sqlite3.connect(sqlite.file(self._url))) as connection:
            before: object = None
            newest: object = None
            while not self._ended.wait(LOOK_S):
                version = connection.execute("PRAGMA data_version").fetchone()
                if version == before:
                    continue
                before, known = version, newest
                newest = connection.execute(_NEWEST).fetchone()
                if newest not in (known, (self._newest_own,)):
                    self._heard()

    def _hear_postgres(self) -> None:
        with closing(self._connected()) as connection:
            if connection.is_pooled and shares_sessions(self._connected, connection):
                log.info("behind this pooler nothing can be listened to; new deliveries are polled")
                self._ended.wait()
                return
            connection.execute(f"LISTEN {CHANNEL}")
            asked_at = monotonic_s()
            while not self._ended.is_set():
                for hint in connection.notifies(timeout=0.5, stop_after=1):
                    if hint.pid != self._own_pid:
                        self._heard()
                if monotonic_s() - asked_at > ALIVE_S:
                    connection.execute(f"LISTEN {CHANNEL}")  # which a standby refuses
                    asked_at = monotonic_s()

    def _tell_postgres(self) -> None:
        with closing(self._connected()) as connection:
            self._own_pid = connection.info.backend_pid
            while self._given.wait() and not self._ended.is_set():
                self._given.clear()
                connection.execute(f"NOTIFY {CHANNEL}")
                self._ended.wait(APART_S)

    def _connected(self) -> PgConnection:
        assert self._connector  # noqa: S101 - called for PostgreSQL alone
        connection = self._connector.open(autocommit=True)
        connection.answer_s = BEGIN_S
        return connection
