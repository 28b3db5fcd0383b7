"""Tables of quotas: limits set by operators, buckets, and stored bytes.

No foreign keys: rows of a reseller that is gone say nothing, and hold up nobody who removes it.
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from reseller_webhooks.store.tables.columns import Id, instant, metadata

reseller_quota = Table(
    "reseller_quota",
    metadata,
    Column("reseller_id", Id, primary_key=True, autoincrement=False),
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

quota_bucket = Table(
    "quota_bucket",
    metadata,
    Column("reseller_id", Id, primary_key=True, autoincrement=False),
    Column("name", String(32), primary_key=True),
    # When the bucket will be full again (core/access/quotas).
    instant("full_at"),
)

stored_bytes = Table(
    "stored_bytes",
    metadata,
    Column("reseller_id", Id, primary_key=True, autoincrement=False),
    # The table whose rows these are, and their day since 1970.
    Column("kind", String(16), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
