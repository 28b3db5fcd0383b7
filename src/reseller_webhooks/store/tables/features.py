"""The table of formats that an earlier version of the program cannot read."""

from sqlalchemy import Column, String, Table

from reseller_webhooks.store.tables.columns import instant, metadata

feature = Table(
    "feature",
    metadata,
    Column("name", String(32), primary_key=True),
    instant("since"),
)
