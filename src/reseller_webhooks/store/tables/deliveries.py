"""Deliveries while they are unfinished, small and hot; attempts, append-only."""

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    literal_column,
    text,
    true,
)

from reseller_webhooks.store.tables.columns import (
    Id,
    instant,
    metadata,
    numbered,
    only,
)

TRIED = text("(attempts > 0)")

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
    # When next_at was chosen after a failed attempt: the difference is how long to wait. It is in
    # the future only after the clock was stepped back, so the index finds what waits too long.
    instant("scheduled_at", nullable=True),
    Index(None, "webhook_id", "next_at", "id"),
    Index(None, "scheduled_at", **only("scheduled_at IS NOT NULL")),
    # What waits to be tried again may be a million rows, all over the resources. Those that are
    # new have a part of the index to themselves: small, so that few of its pages change.
    Index("ix_delivery_resource", "webhook_id", TRIED, "resource_uuid", "version"),
    Index(None, "reseller_id", "created_at", "id"),
    Index(None, "event_id"),
    # Ids are never used twice: the log keeps the id of a delivery after its row is gone.
    sqlite_autoincrement=True,
)


def any_attempts(table: FromClause) -> ColumnElement[bool]:
    """True of every delivery; said, so that the index by resource is used to the end."""
    return (table.c.attempts > literal_column("0")).in_([false(), true()])


def is_tried() -> ColumnElement[bool]:
    """True of deliveries that were attempted; said as the index by resource has it."""
    return (delivery.c.attempts > literal_column("0")).in_([true()])


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
    # The same as a code with parameters (core/messages); NULL on success, and before 0024.
    Column("message", Text),
    # What was unusual about it, as a code with parameters; none before 0025.
    Column("note", Text),
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
    Index(
        "ix_attempt_log_webhook_unhappy",
        "webhook_id",
        "state",
        "created_at",
        "delivery_id",
        **only("state <> 'DELIVERED'"),
    ),
    # Without changes, which nearly all lines tell of, so few writes touch it.
    Index(
        "ix_attempt_log_action",
        "reseller_id",
        "action",
        "created_at",
        "delivery_id",
        **only("state IS NOT NULL AND action <> 'CHANGED'"),
    ),
    # Retries alone: whether a failed delivery was sent again already.
    Index(
        "ix_attempt_retry",
        "event_id",
        "webhook_id",
        "delivery_id",
        **only("replay_of IS NOT NULL AND state IS NOT NULL"),
    ),
)
