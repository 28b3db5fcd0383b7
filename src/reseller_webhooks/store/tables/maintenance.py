"""Tables of maintenance: the last success and failure of each job, and the time of the last run."""

from sqlalchemy import Column, SmallInteger, String, Table, Text

from reseller_webhooks.store.tables.columns import instant, metadata

maintenance_job = Table(
    "maintenance_job",
    metadata,
    Column("job", String(32), primary_key=True),
    instant("since"),
    instant("succeeded_at", nullable=True),
    instant("failed_at", nullable=True),
    Column("failure", Text, nullable=False),
)

# One row: what the database's clock said when maintenance ran last (0: never), and until when
# nothing old is deleted.
maintenance_clock = Table(
    "maintenance_clock",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    instant("seen_at"),
    instant("hold_until"),
)
