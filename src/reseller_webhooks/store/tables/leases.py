"""Tables of leases, one row for each of 256 partitions, and of workers."""

from sqlalchemy import BigInteger, Column, SmallInteger, String, Table, Text

from reseller_webhooks.store.tables.columns import instant, metadata

lease = Table(
    "lease",
    metadata,
    Column("part", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner", String(36)),
    Column("epoch", BigInteger, nullable=False),
    instant("until"),
)

member = Table(
    "member",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("host", Text, nullable=False),
    Column("version", String(32), nullable=False),
    instant("since"),
    instant("until"),
    Column("sealed_format", SmallInteger),
)
