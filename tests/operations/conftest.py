"""An empty SQLite database with one reseller."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database(f"sqlite:///{tmp_path}/test.db")
    migrate.upgrade(one)
    yield one
    one.close()
