"""What is peculiar to PostgreSQL: how to connect and what time it is."""

from sqlalchemy import Connection, Engine, create_engine, text

from reseller_webhooks.clock import Micros

_NOW = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
OPTIONS = "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000"


def create(url: str) -> tuple[Engine, Engine]:
    """To read and to write with: the same, on psycopg 3.

    A connection that died while idle is replaced unseen.
    """
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=8,
        max_overflow=32,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"options": OPTIONS, "connect_timeout": 5},
    )
    return engine, engine


def now(connection: Connection) -> Micros:
    """The database's clock, so that every machine writes the same time."""
    return int(connection.execute(_NOW).scalar_one())
