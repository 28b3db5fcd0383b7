"""The pages over an SQLite database with two resellers, and people in front of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.pages.browser_client import Outside, Person, house_of


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    shutil.copy(migrated, tmp_path / "pages.db")
    one = Database(f"sqlite:///{tmp_path}/pages.db")
    yield one
    one.close()


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def context(database: Database, outside: Outside) -> AppContext:
    return house_of(database, outside)


@pytest.fixture
def nobody(context: AppContext) -> Person:
    return Person(context)


@pytest.fixture
async def admin(context: AppContext, northwind: Reseller) -> Person:
    return await Person(context).enters(Role.ADMIN, northwind)


@pytest.fixture
async def viewer(context: AppContext, northwind: Reseller) -> Person:
    return await Person(context).enters(Role.VIEWER, northwind)


@pytest.fixture
async def operator(context: AppContext, northwind: Reseller) -> Person:
    """Has turned to Northwind."""
    return await Person(context).enters(Role.OPERATOR, northwind)
