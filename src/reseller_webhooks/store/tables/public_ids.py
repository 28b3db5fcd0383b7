"""The key of public ids: one row."""

from sqlalchemy import Column, SmallInteger, String, Table

from reseller_webhooks.store.tables.columns import metadata

public_id_key = Table(
    "public_id_key",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("key", String(64), nullable=False),
)
