"""A transaction on PostgreSQL, in as few round trips as its answers allow.

BEGIN, the clock and the timeouts go with the first statements, COMMIT with the last writes.
"""

from contextlib import suppress
from functools import cached_property
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine

from reseller_webhooks.clock import Micros, StoreClock, monotonic_s
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.store.db import errors, pipeline
from reseller_webhooks.store.db.connections import PgConnection
from reseller_webhooks.store.db.driver import Row, Values
from reseller_webhooks.store.db.limits import StoreLimits
from reseller_webhooks.store.db.pipeline import Statement

_NOW = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
_CLOCK = (
    f"SELECT {_NOW}, pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',"
    " set_config('statement_timeout', %(statement)s, true),"
    " set_config('lock_timeout', %(lock)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(idle)s, true)"
)
"""The clock, the timeouts and whether the server takes writes. For this transaction alone, so that
it holds behind any pooler, which lets no startup options through."""
PROMPT_S = 0.1
"""A clock that was read in a longer exchange is not news: statements after it waited for locks."""


class PostgresAnswer:
    """The answer to a statement that runs when it is asked for, at the latest."""

    __slots__ = ("_driver", "_statement")

    def __init__(self, driver: "PostgresDriver", statement: Statement) -> None:
        self._driver, self._statement = driver, statement

    def rows(self) -> list[Row]:
        """The rows."""
        if not self._statement.has_run:
            self._driver.flush()
        return self._statement.rows()

    def count(self) -> int:
        """The number of rows written or found."""
        if not self._statement.has_run:
            self._driver.flush()
        return self._statement.count()


class PostgresDriver:
    """A transaction that begins with its first round trip."""

    def __init__(
        self, engine: Engine, store_clock: StoreClock, limits: StoreLimits, *, writes: bool
    ) -> None:
        self.dialect = engine.dialect
        self._engine, self._clock, self._limits, self._writes = engine, store_clock, limits, writes
        self._pooled = engine.raw_connection()
        self._connection: Connection | None = None
        self._queue: list[Statement] = []
        self._now: Micros | None = None

    @property
    def now(self) -> Micros:
        """The database's clock when the transaction began, the same for every machine."""
        if self._now is None:
            self.flush()
        assert self._now is not None  # noqa: S101 - it has begun
        return self._now

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, on which everything sent before has run."""
        if self._now is None or self._queue:
            self.flush()
        if self._connection is None:
            self._connection = Connection(self._engine, self._pooled)
            self._connection.begin()
        return self._connection

    def send(self, text: str, values: Values) -> PostgresAnswer:
        """Run a statement with the next round trip."""
        statement = Statement(text, cast("dict[str, Any]", values))
        self._queue.append(statement)
        return PostgresAnswer(self, statement)

    def last_row(self, text: str, values: Values) -> int:
        """SQLite's alone."""
        raise NotImplementedError

    def flush(self) -> None:
        """Run what was sent."""
        if self._now is None:
            self._begin()
        else:
            self._run(self._queue)
        self._queue = []

    def commit(self) -> None:
        """End the transaction, together with what is still to be run."""
        if self._now is None:
            if not self._queue:
                return
            self.flush()  # a COMMIT that got lost must not be in what is sent once more
        self._queue.append(Statement("COMMIT", {}))
        self.flush()

    def rollback(self) -> None:
        """Undo the transaction."""
        self._queue = []
        self._undo()

    def _undo(self) -> None:
        is_idle = self._driver.info.transaction_status == TransactionStatus.IDLE
        if self._driver.closed or is_idle:
            return
        with suppress(psycopg.Error):  # a connection that fails here is closed
            self._run([Statement("ROLLBACK", {})])

    def close(self) -> None:
        """Give the connection back."""
        (self._connection or self._pooled).close()

    def _begin(self) -> None:
        """Begin on a connection that works; one that has died meanwhile is replaced.

        Nothing is done twice, since nothing is committed. A server that became read-only is left:
        where a proxy or several hosts lead to another one, new connections find it.
        """
        begun_s = monotonic_s()
        try:
            self._run_first()
        except Unavailable as error:
            self._pooled.invalidate(error)
            self._engine.dispose()
            self._replace()
        except psycopg.Error as error:
            if error.sqlstate in errors.UNPREPARED:
                self._driver.prepared.forget_all()
                self._undo()
            elif self._driver.closed and monotonic_s() - begun_s < self._limits.answer_s:
                self._replace()  # it was closed by the other side, and not for its silence
            else:
                raise
        else:
            return
        self._run_first()

    def _run_first(self) -> None:
        clock = Statement(_CLOCK, self._timeouts)
        asked_s = monotonic_s()
        try:
            self._run([Statement("BEGIN", {}), clock, *self._queue])
        finally:
            if clock.has_run:
                now = self._checked(*clock.rows()[0])
        if monotonic_s() - asked_s < PROMPT_S or not self._clock.is_known:
            self._clock.read(now, asked_s)
        self._now = now

    def _checked(self, now: Micros, is_standby: bool, is_read_only: bool, *_: str) -> Micros:
        """The time. Unavailable where the server does not take what the transaction is for.

        A standby may lag, so it is not read from either.
        """
        if is_standby:
            raise errors.unavailable(Cause.READ_ONLY, "the server is a standby")
        if self._writes and is_read_only:
            raise errors.unavailable(Cause.READ_ONLY, "the server is read-only")
        return now

    def _run(self, statements: list[Statement]) -> None:
        driver = self._driver
        driver.answer_s = self._limits.answer_s
        try:
            pipeline.run(driver, statements, prepares=self._prepares)
        except psycopg.Error as error:
            if driver.closed:
                self._pooled.invalidate(error)
            raise

    def _replace(self) -> None:
        self._pooled.close()
        self._pooled = self._engine.raw_connection()
        self.__dict__.pop("_driver", None)

    @cached_property
    def _driver(self) -> PgConnection:
        driver = self._pooled.driver_connection
        assert isinstance(driver, PgConnection)  # noqa: S101 - postgres.create has made it
        return driver

    @property
    def _prepares(self) -> bool:
        # Once psycopg runs statements, it may give up all that are prepared: after each that drops
        # or alters. The next transaction notices with its first ones, and begins again.
        return self._driver.prepare_threshold is not None and self._connection is None

    @property
    def _timeouts(self) -> dict[str, str]:
        return {
            "statement": f"{self._limits.statement_ms}",
            "lock": f"{self._limits.lock_ms}",
            "idle": f"{self._limits.idle_ms}",
        }
