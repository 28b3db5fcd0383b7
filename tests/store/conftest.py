"""One suite, two databases: every store test runs on SQLite and on a real PostgreSQL."""

import pytest

from reseller_webhooks.store.db.database import Database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Both, one after the other."""
    found: Database = request.getfixturevalue(f"on_{request.param}")
    return found
