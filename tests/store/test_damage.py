"""A damaged SQLite file is found, and named with its remedy."""

import pytest

from reseller_webhooks.bootstrap.check_command import report
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.settings import load
from reseller_webhooks.store.db import damage, startup
from reseller_webhooks.store.db.database import Database
from tests.damaging import overwrite

pytestmark = pytest.mark.sqlite


def test_check_names_the_damage_and_the_remedy(
    on_sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESELLER_WEBHOOKS_DATABASE", on_sqlite.url)
    whole = report(load())
    overwrite(on_sqlite, "digest")
    text, is_well = report(load())

    assert whole[1]
    assert not is_well
    assert damage.REMEDY in text


def test_sqlites_own_check_says_what_is_wrong(on_sqlite: Database) -> None:
    overwrite(on_sqlite, "digest", at=4, count=1)
    found = damage.quick_check(on_sqlite, within_s=60)

    assert found
    assert "database main" in found[0]


def test_a_check_that_takes_too_long_ends(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        tx.connection.exec_driver_sql(
            "CREATE TABLE big AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT i FROM n"
        )
    assert damage.quick_check(on_sqlite, within_s=60) == []
    assert damage.quick_check(on_sqlite, within_s=-1) is None


def test_a_damaged_file_is_refused_at_start(on_sqlite: Database) -> None:
    def prepare() -> None:
        with on_sqlite.read() as tx:
            tx.connection.exec_driver_sql("SELECT * FROM digest").all()

    overwrite(on_sqlite, "digest")
    with pytest.raises(Refused, match=damage.REMEDY):
        startup.wait_for(on_sqlite, prepare)
