"""An empty SQLite database with one reseller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.operations import resellers
from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.resellers import Reseller


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database(f"sqlite:///{tmp_path}/test.db")
    migrate.upgrade(one)
    yield one
    one.close()


@pytest.fixture
def reseller(database: Database) -> Reseller:
    return resellers.add(database, "Northwind")
