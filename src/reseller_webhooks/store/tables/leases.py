"""Which worker sends for which partition, and until when: 256 leases, one row per worker."""

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
