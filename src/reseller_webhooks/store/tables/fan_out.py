"""Events whose deliveries are still to be made, in steps after their transaction."""

from sqlalchemy import Column, Index, String, Table

from reseller_webhooks.store.tables.columns import Id, instant, metadata, of_reseller

# A row is an event; `webhook_after` is the webhook that the steps have come to, and `webhook_upto`
# the newest webhook that there was when the event was committed.
pending_fan_out = Table(
    "pending_fan_out",
    metadata,
    Column("event_id", Id, primary_key=True, autoincrement=False),
    of_reseller(),
    Column("resource", String(16), nullable=False),
    Column("resource_uuid", String(64), nullable=False),
    Column("webhook_after", Id, nullable=False),
    Column("webhook_upto", Id, nullable=False),
    instant("created_at"),
    Index(None, "reseller_id", "event_id"),
    Index(None, "resource_uuid"),
)
