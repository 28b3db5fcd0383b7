"""PostgreSQL: connections."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from reseller_webhooks.core.database_url import PostgresUrl
from reseller_webhooks.store.db import connections
from reseller_webhooks.store.db.connections import Connector
from reseller_webhooks.store.db.limits import POOL_S, StoreLimits


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


def without_transaction(connection: Connection, limits: StoreLimits) -> Connection:
    """The same connection in autocommit mode."""
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    driver = alone.connection.driver_connection
    assert isinstance(driver, connections.PgConnection)  # noqa: S101 - `create` has made it
    driver.answer_s = limits.answer_s
    return alone
