"""The pages over an SQLite database with two resellers, and people in front of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.core.access import Role
from reseller_webhooks.operations.house import House
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.resellers import Reseller
from tests.web.browsing import Outside, Person, house_of


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
def house(database: Database, outside: Outside) -> House:
    return house_of(database, outside)


@pytest.fixture
def nobody(house: House) -> Person:
    return Person(house)


@pytest.fixture
async def admin(house: House, northwind: Reseller) -> Person:
    return await Person(house).enters(Role.ADMIN, northwind)


@pytest.fixture
async def viewer(house: House, northwind: Reseller) -> Person:
    return await Person(house).enters(Role.VIEWER, northwind)


@pytest.fixture
async def operator(house: House, northwind: Reseller) -> Person:
    """Has turned to Northwind."""
    return await Person(house).enters(Role.OPERATOR, northwind)
