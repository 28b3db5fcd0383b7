"""One suite, two databases: every store test runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite file with this version's tables."""
    one = Database(f"sqlite:///{tmp_path}/test.db")
    migrate.upgrade(one)
    yield one
    one.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Both, one after the other."""
    found: Database = request.getfixturevalue(f"on_{request.param}")
    return found
