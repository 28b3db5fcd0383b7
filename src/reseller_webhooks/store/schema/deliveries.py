"""Deliveries while they are unfinished, small and hot; attempts, append-only."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)

from reseller_webhooks.store.schema.columns import (
    Id,
    instant,
    metadata,
    numbered,
    only,
)

delivery = Table(
    "delivery",
    metadata,
    numbered(),
    Column("event_id", Id, nullable=False),
    Column("webhook_id", Id, ForeignKey("webhook.id"), nullable=False),
    Column("reseller_id", Id, nullable=False),
    Column("part", SmallInteger, nullable=False),
    Column("resource", String(16), nullable=False),
    Column("action", String(8), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    instant("created_at"),
    instant("next_at"),
    Column("replay_of", Id),
    Index(None, "webhook_id", "next_at", "id"),
    Index(None, "webhook_id", "resource_uuid", "version"),
    Index(None, "reseller_id", "created_at", "id"),
    Index(None, "event_id"),
    # Ids are never used twice: the log keeps the id of a delivery after its row is gone.
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    numbered(),
    Column("delivery_id", Id, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("webhook_id", Id, nullable=False),
    Column("reseller_id", Id, nullable=False),
    Column("resource", String(16), nullable=False),
    Column("action", String(8), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    instant("at"),
    Column("ms", Integer, nullable=False),
    Column("outcome", String(8)),
    Column("status", SmallInteger),
    Column("reason", String(24)),
    Column("detail", Text, nullable=False),
    Column("response", Text, nullable=False),
    # Of the answer, as a JSON object; none for what was written before 0002, or without an answer.
    Column("response_headers", Text),
    # Only on the row that closes a delivery: its final state, and what its own row said.
    Column("state", String(16)),
    instant("created_at"),
    Column("replay_of", Id),
    Index(None, "delivery_id"),
    Index(None, "event_id"),
    Index(None, "at"),
    Index(
        "ix_attempt_log",
        "reseller_id",
        "created_at",
        "delivery_id",
        **only("state IS NOT NULL"),
    ),
    Index(
        "ix_attempt_log_webhook",
        "webhook_id",
        "created_at",
        "delivery_id",
        **only("state IS NOT NULL"),
    ),
    Index(
        "ix_attempt_log_unhappy",
        "reseller_id",
        "state",
        "created_at",
        "delivery_id",
        **only("state <> 'DELIVERED'"),
    ),
)
