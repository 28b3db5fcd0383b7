"""How the program is doing, for machines."""

from pathlib import Path

import httpx
import pytest

from reseller_webhooks.bootstrap.conditions import Conditions
from reseller_webhooks.bootstrap.readiness import Readiness
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from tests.api.test_changes import company
from tests.conftest import Running
from tests.damaging import overwrite


async def test_it_is_up_and_ready(nobody: httpx.AsyncClient) -> None:
    assert (await nobody.get("/healthz")).json() == {"status": "up"}
    for path in ("/livez", "/readyz"):
        assert (await nobody.get(path)).json() == {"status": "ok", "detail": "", "conditions": []}


async def test_it_is_not_ready_while_the_store_does_not_answer(
    running: Running, nobody: httpx.AsyncClient, tmp_path: Path
) -> None:
    with running.database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE reseller RENAME TO gone")

    answer = await nobody.get("/readyz")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert (await nobody.get("/healthz")).status_code == 200


async def test_metrics_are_prometheus_text(nobody: httpx.AsyncClient) -> None:
    answer = await nobody.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE reseller_webhooks_changes_total counter" in answer.text


async def test_it_is_not_ready_while_the_store_answers_and_takes_no_change(
    running: Running, nobody: httpx.AsyncClient, platform: httpx.AsyncClient, northwind: Reseller
) -> None:
    def pages_at_most(count: int) -> None:
        """As a full disk does; rows that are there can still be changed."""
        with running.database.write() as tx:
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")

    changes = [company(northwind, f"c{number}", name="n" * 200) for number in range(500)]
    pages_at_most(1)
    refused = await platform.post("/api/v1/changes", json={"changes": changes})
    unready = await nobody.get("/readyz")
    alive = await nobody.get("/livez")
    pages_at_most(2**32 - 2)
    accepted = await platform.post("/api/v1/changes", json={"changes": changes})
    ready = await nobody.get("/readyz")

    assert (refused.status_code, accepted.status_code) == (503, 200)
    assert unready.status_code == 503
    assert [one["code"] for one in unready.json()["conditions"]] == ["store-unavailable"]
    assert (alive.status_code, ready.status_code) == (200, 200)


async def test_it_names_a_damaged_file_once_a_statement_has_met_it(
    running: Running, nobody: httpx.AsyncClient
) -> None:
    before = await nobody.get("/readyz")
    overwrite(running.database, "digest")
    with pytest.raises(Unavailable) as met, running.database.read() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM digest").all()
    after = await nobody.get("/readyz")

    assert before.status_code == 200
    assert met.value.cause is Cause.DAMAGED
    assert (after.status_code, after.json()["status"]) == (503, "unavailable")
    assert "store-damaged" in [one["code"] for one in after.json()["conditions"]]


async def test_a_store_that_refuses_writes_is_no_lack_of_workers() -> None:
    def refused() -> list[Condition]:
        return [Condition(ConditionCode.LEASES_NOT_RENEWED, Severity.NOT_READY)] if is_full else []

    conditions = Conditions()
    conditions.add(refused)
    no_workers = Condition(ConditionCode.NO_WORKERS, Severity.DEGRADED)
    is_full = True
    while_full = await Readiness(conditions, lambda: [no_workers]).conditions()
    is_full = False
    afterwards = await Readiness(conditions, lambda: [no_workers]).conditions()

    assert [one.code for one in while_full] == [ConditionCode.LEASES_NOT_RENEWED]
    assert afterwards == [no_workers]
