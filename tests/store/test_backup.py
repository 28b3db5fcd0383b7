"""A backup is a database that can be used at once."""

from pathlib import Path

import pytest

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.operations import resellers
from reseller_webhooks.store.db import backup, migrate
from reseller_webhooks.store.db.database import Database


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


def test_a_copy_holds_what_was_there(database: Database, tmp_path: Path) -> None:
    added = resellers.add(database, "Northwind")
    backup.copy(database, tmp_path / "copy.db")
    copied = Database(f"sqlite:///{tmp_path}/copy.db")

    migrate.check(copied)
    assert resellers.get(copied, added.uuid) == added


def test_a_copy_is_made_while_somebody_writes(database: Database, tmp_path: Path) -> None:
    with database.write() as tx:
        assert tx.now
        backup.copy(database, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_size > 0


def test_a_file_that_is_there_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(Refused, match="there already"):
        backup.copy(database, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"
