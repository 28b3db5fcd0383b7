"""The audit log: who did what to which webhook, user, key or reseller. Its lines never change."""

from sqlalchemy import Column, Index, String, Table, Text

from reseller_webhooks.store.tables.columns import instant, metadata, numbered, of_reseller

audit = Table(
    "audit",
    metadata,
    numbered(),
    instant("at"),
    of_reseller(nullable=True),
    Column("act", String(32), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", String(45), nullable=False),
    Column("subject", String(16), nullable=False),
    Column("subject_uuid", String(36), nullable=False),
    Column("subject_name", Text, nullable=False),
    # What changed, as a JSON object; never a secret.
    Column("details", Text, nullable=False),
    Index(None, "at"),
    Index(None, "reseller_id", "id"),
    Index(None, "subject", "id"),
    Index(None, "subject_uuid", "id"),
    Index(None, "actor", "id"),
    # Numbers are positions of a page's reader: none is used twice.
    sqlite_autoincrement=True,
)
