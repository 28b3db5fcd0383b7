"""The migrations make exactly the tables that the schema describes, on both databases."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import metadata

DAY = re.compile(r"(event|attempt)_(before|\d+)")


def is_compared(_: object, name: str | None, kind: str, *__: object) -> bool:
    """Days are rows of their table; and there an event's uuid has an index that is not unique."""
    if kind == "table":
        return DAY.fullmatch(name or "") is None
    return name not in {"uq_event_uuid", "ix_event_uuid"}


# Of SQLite's indexes those with an expression cannot be read; test_plans.py sees that it is there.
@pytest.mark.filterwarnings("ignore:.*expression-based index '?ix_delivery_resource")
def test_the_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    with database.read() as tx:
        context = MigrationContext.configure(tx.connection, opts={"include_object": is_compared})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)

    migrate.check(database)
