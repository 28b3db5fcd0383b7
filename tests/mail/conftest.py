"""Both databases, and a real mail server."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.db.database import Database
from tests.mail.mail_server import MailServer
from tests.mail.world import ANA, World
from tests.receivers.authority import Authority


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Both, one after the other."""
    found: Database = request.getfixturevalue(f"on_{request.param}")
    return found


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def trusted(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    path: Path = authority.write(tmp_path_factory.mktemp("authority"))
    return ssl.create_default_context(cafile=str(path))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def world(database: Database, reseller: Reseller) -> World:
    empty = World(database, reseller, None)  # type: ignore[arg-type]
    return World(database, reseller, empty.member(ANA, Role.ADMIN))
