"""How the program is doing, for machines."""

from pathlib import Path

import httpx

from tests.conftest import Running


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
