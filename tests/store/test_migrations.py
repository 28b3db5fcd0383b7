"""The migrations make exactly the tables that the schema describes, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.schema import metadata


def test_the_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    with database.read() as tx:
        differences = compare_metadata(MigrationContext.configure(tx.connection), metadata)

    assert differences == []


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)

    migrate.check(database)
