"""An outage of the store is a line when it begins, one every 10 s, and one when it is over."""

import pytest
from structlog.testing import capture_logs

from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.messages.requests import STORE_BUSY
from reseller_webhooks.engine.jobs.maintenance import Maintenance
from reseller_webhooks.observability import outages
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.postgres import postgres
from testkit.processes import wait_until


def ask(database: Database) -> bool:
    try:
        with database.read() as tx:
            tx.connection.exec_driver_sql("SELECT 1")
    except Unavailable as error:
        database.outage.refused_request(error)
        return False
    return True


async def test_an_outage_is_logged_when_it_begins_and_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outages, "QUIET_S", 0.2)
    with postgres() as server:
        database = Database(server.url)
        migrate.upgrade(database)
        database.outage.is_reported = True
        server.stop()
        with capture_logs() as during:
            for _ in range(20):
                assert not ask(database)
            await Maintenance(database, retention_days=90, schedule_s=60).run_once()
        monkeypatch.setattr(outages, "COUNT_EVERY_S", 0.0)
        with capture_logs() as lasting:
            ask(database)
        server.start()
        with capture_logs() as afterwards:
            wait_until(
                lambda: ask(database) and not database.outage.is_active, "the outage is over"
            )
        database.close()

    assert [one["event"] for one in during] == ["the store is unavailable"]
    assert during[0]["reason"].startswith("the store does not answer: ")
    assert [(one["event"], one["requests_refused"]) for one in lasting] == [
        ("the store is still unavailable", 20)
    ]
    assert [(one["event"], one["requests_refused"]) for one in afterwards] == [
        ("the store answers again", 21)
    ]


def test_what_is_no_outage_is_logged_once_in_a_while() -> None:
    refused = Unavailable(STORE_BUSY(), cause=Cause.BUSY)
    with capture_logs() as logs:
        for _ in range(300):
            outages.log_refusal("a test was refused", refused)

    assert [one["event"] for one in logs] == ["a test was refused"]


def test_a_command_logs_no_outage() -> None:
    database = Database("postgresql://127.0.0.1:1/x")
    with capture_logs() as logs:
        ask(database)
    database.close()

    assert [one["event"] for one in logs if "unavailable" in one["event"]] == []
