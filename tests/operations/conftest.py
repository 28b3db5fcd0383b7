"""An empty SQLite database with one reseller."""

import pytest

from reseller_webhooks.store.db.database import Database


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite
