"""When each maintenance job last succeeded and last failed: one row per job."""

from sqlalchemy import Column, String, Table, Text

from reseller_webhooks.store.schema.columns import instant, metadata

maintenance_job = Table(
    "maintenance_job",
    metadata,
    Column("job", String(32), primary_key=True),
    instant("since"),
    instant("succeeded_at", nullable=True),
    instant("failed_at", nullable=True),
    Column("failure", Text, nullable=False),
)
