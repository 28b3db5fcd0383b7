"""Alembic's entry: run in the transaction that store/db/migrate.py has begun."""

from alembic import context

from reseller_webhooks.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
