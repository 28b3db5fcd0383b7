"""PostgreSQL: connections, the start of a transaction, the server's time."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.database_url import PostgresUrl
from reseller_webhooks.core.errors import Cause
from reseller_webhooks.store.db import connections, errors
from reseller_webhooks.store.db.connections import Connector
from reseller_webhooks.store.db.limits import BEGIN_S, POOL_S, StoreLimits

_BEGIN = (
    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT), pg_is_in_recovery(),"
    " current_setting('transaction_read_only') = 'on',"
    " set_config('statement_timeout', %(statement)s, true),"
    " set_config('lock_timeout', %(lock)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(idle)s, true)"
)
"""One round trip for the clock, the timeouts and whether the server takes writes. For this
transaction alone, so that it holds behind any pooler, which lets no startup options through."""


def create(url: str, *, reads_only: bool = False) -> tuple[Engine, Engine]:
    """To read and to write with: the same, on psycopg 3. reads_only: a server makes nothing."""
    del reads_only
    engine = create_engine(
        "postgresql+psycopg://",
        pool_size=8,
        max_overflow=32,
        pool_timeout=POOL_S,
    )
    connector = Connector(PostgresUrl.parse(url))

    def connect(_: Any, __: Any, ___: Any, given: dict[str, Any]) -> connections.PgConnection:
        return connector.open(given.get("context"))

    event.listen(engine, "do_connect", connect)
    return engine, engine


def begin(connection: Connection, limits: StoreLimits, *, writes: bool) -> Micros:
    """Set the transaction's timeouts, and read the database's clock, the same for every machine.

    Unavailable where the server does not take what the transaction is for: a standby may lag, so
    it is not read from either.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, connections.PgConnection)  # noqa: S101 - `create` has made it
    driver.answer_s = BEGIN_S
    given = {
        "statement": f"{limits.statement_ms}",
        "lock": f"{limits.lock_ms}",
        "idle": f"{limits.idle_ms}",
    }
    now, is_standby, is_read_only, *_ = connection.exec_driver_sql(_BEGIN, given).one()
    driver.answer_s = limits.answer_s
    if is_standby:
        raise errors.unavailable(Cause.READ_ONLY, "the server is a standby")
    if writes and is_read_only:
        raise errors.unavailable(Cause.READ_ONLY, "the server is read-only")
    return int(now)


def without_transaction(connection: Connection, limits: StoreLimits) -> Connection:
    """The same connection in autocommit mode."""
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    driver = alone.connection.driver_connection
    assert isinstance(driver, connections.PgConnection)  # noqa: S101 - `create` has made it
    driver.answer_s = limits.answer_s
    return alone
