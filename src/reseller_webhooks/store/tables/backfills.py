"""Backfills: the newest of each webhook, and how far it has come."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from reseller_webhooks.store.tables.columns import Id, instant, metadata, only

backfill = Table(
    "backfill",
    metadata,
    Column("webhook_id", Id, ForeignKey("webhook.id"), primary_key=True, autoincrement=False),
    Column("resource", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    # The same as a code with parameters; NULL in what the version before has written.
    Column("message", Text),
    Column("rate", Integer, nullable=False),
    Column("with_removed", Boolean, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("passed", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    instant("started_at"),
    instant("next_at"),
    instant("finished_at", nullable=True),
    Index(None, "next_at", **only("state = 'RUNNING'")),
)
