"""The store's generation: one row."""

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Text

from reseller_webhooks.store.tables.columns import instant, metadata

generation = Table(
    "generation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("floor", BigInteger, nullable=False),
    instant("raised_at", nullable=True),
    Column("origin", Text),
    Column("lifted", BigInteger, nullable=False),
    Column("lift_to", BigInteger, nullable=False),
)
