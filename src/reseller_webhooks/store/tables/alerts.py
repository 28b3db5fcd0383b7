"""Alerts: what each user wants to be told, what they were told, and the outbox of e-mails."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from reseller_webhooks.store.tables.columns import Id, instant, metadata, numbered, only

# A membership without a row has the default of its role.
alert_preference = Table(
    "alert_preference",
    metadata,
    Column("membership_id", Id, ForeignKey("membership.id"), primary_key=True),
    # Without a value the user is not told.
    Column("delay_s", Integer),
    Column("language", String(8), nullable=False),
)

# A failing webhook that a user was told of. No foreign key to the webhook: the version before
# deletes webhooks and does not know of this table.
webhook_alert = Table(
    "webhook_alert",
    metadata,
    Column("webhook_id", Id, primary_key=True, autoincrement=False),
    Column("membership_id", Id, ForeignKey("membership.id"), primary_key=True),
    instant("since"),
)

email = Table(
    "email",
    metadata,
    numbered(),
    # Its Message-ID, the same at each attempt.
    Column("uuid", String(36), nullable=False, unique=True),
    Column("membership_id", Id, ForeignKey("membership.id"), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("params", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    # Why the last attempt failed.
    Column("reason", Text, nullable=False),
    instant("created_at"),
    instant("next_at"),
    # Sent or given up.
    instant("finished_at", nullable=True),
    Index(None, "membership_id", "created_at"),
    Index("ix_email_unfinished", "next_at", **only("finished_at IS NULL")),
    Index(None, "finished_at"),
)
