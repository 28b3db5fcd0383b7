"""Background jobs and how far each has come. Backfills have a table of their own."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from reseller_webhooks.store.tables.columns import (
    Id,
    instant,
    metadata,
    numbered,
    of_reseller,
    only,
)

job = Table(
    "job",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    of_reseller(),
    # No foreign key: the version before deletes webhooks and does not know of this table.
    Column("webhook_id", Id),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    instant("created_at"),
    instant("since", nullable=True),
    instant("until", nullable=True),
    Column("total", BigInteger),
    Column("handled", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    instant("position_at", nullable=True),
    Column("position_id", BigInteger),
    Column("claim", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("reason", String(24), nullable=False),
    instant("next_at"),
    instant("finished_at", nullable=True),
    Index(None, "reseller_id", "created_at", "id"),
    Index("ix_job_unfinished", "next_at", **only("finished_at IS NULL")),
    Index("ix_job_unfinished_reseller", "reseller_id", "id", **only("finished_at IS NULL")),
    Index(None, "finished_at"),
)
