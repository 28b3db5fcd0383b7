"""/metrics: what it counts, who may scrape it, and that it answers whatever the store does."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.health.maintenance import MaintenanceJob
from reseller_webhooks.http.api.service_metrics import StoreReader
from reseller_webhooks.operations import cluster, resellers
from reseller_webhooks.store.cluster import maintenance
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import fan_out
from reseller_webhooks.store.records import events
from testkit.processes import wait_until
from tests.conftest import Running, serving
from tests.store.factories import due, event, told, webhook

REQUESTS = "reseller_webhooks_http_request_duration_seconds_count"
TOKEN = b"scrape-0123456789abcdef"
ANSWERS_WITHIN_S = 1.0

Labels = frozenset[tuple[str, str]]


def samples(text: str) -> dict[tuple[str, Labels], float]:
    """The value of each series of a scrape."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


async def scrape(client: httpx.AsyncClient) -> str:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def requests(text: str, method: str, route: str, status: str) -> float:
    return value(text, REQUESTS, method=method, route=route, status=status)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/api/v1/events/0191", "/api/v1/events/{id}", "4xx"),
        ("GET", "/api/v1/sync/COMPANY", "/api/v1/sync/{type}", "2xx"),
        ("DELETE", "/api/v1/sync/COMPANY", "/api/v1/sync/{type}", "4xx"),
        ("HEAD", "/sign-in", "/sign-in", "2xx"),
        ("GET", "/sign-in/some-token", "/sign-in/{token}", "4xx"),
        ("GET", "/api/v1/no-such/1", "unmatched", "4xx"),
        ("GET", "/no-such/1", "unmatched", "4xx"),
        ("OPTIONS", "/api/v1/webhooks", "/api/v1/webhooks", "2xx"),
    ],
)
async def test_a_request_is_counted_once_by_the_template_of_its_route(
    manager: httpx.AsyncClient, method: str, path: str, route: str, status: str
) -> None:
    before = requests(await scrape(manager), method, route, status)
    await manager.request(method, path)
    await manager.request(method, path)

    assert requests(await scrape(manager), method, route, status) == before + 2


async def test_a_request_that_is_refused_without_a_key_is_counted_by_its_route(
    nobody: httpx.AsyncClient,
) -> None:
    before = requests(await scrape(nobody), "GET", "/api/v1/webhooks/{id}", "4xx")
    await nobody.get("/api/v1/webhooks/some-id")

    assert requests(await scrape(nobody), "GET", "/api/v1/webhooks/{id}", "4xx") == before + 1


async def test_no_label_grows_with_what_callers_send(nobody: httpx.AsyncClient) -> None:
    await nobody.get("/first")
    await scrape(nobody)  # so that the numbers before count a scrape already
    before = set(samples(await scrape(nobody)))
    for number in range(20):
        await nobody.get(f"/api/unknown/{number}")
        await nobody.get(f"/unknown/{number}")
        await nobody.get(f"/static/{number}/{number}")
        await nobody.request(f"VERB{number}", "/unknown")
    new = {labels for _, labels in set(samples(await scrape(nobody))) - before}

    # One for static files and one for methods that are not known, each with its buckets.
    assert len({frozenset(one for one in labels if one[0] != "le") for labels in new}) <= 2


async def test_a_live_stream_is_counted_when_it_begins(manager: httpx.AsyncClient) -> None:
    route = "/api/v1/deliveries/stream"
    before = requests(await scrape(manager), "GET", route, "2xx")
    async with manager.stream("GET", route):
        during = requests(await scrape(manager), "GET", route, "2xx")
    after = requests(await scrape(manager), "GET", route, "2xx")

    assert (during, after) == (before + 1, before + 1)


async def test_an_api_process_tells_what_is_due_and_that_nobody_sends_it(
    tmp_path: Path, migrated: Path
) -> None:
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        owner = resellers.add(one.database, "Northwind").id
        with one.database.write() as tx:
            number = webhook(tx, reseller_id=owner).id
            told(tx, *(event(reseller_id=owner, version=version) for version in range(1, 51)))
            assert len(due(tx, number)) == 50
            tx.connection.exec_driver_sql(f"UPDATE delivery SET next_at = {tx.now - 100 * SECOND}")
        async with httpx.AsyncClient(base_url=one.url) as client:
            text = await scrape(client)

    assert value(text, "reseller_webhooks_deliveries_due") == 50
    assert value(text, "reseller_webhooks_oldest_due_seconds") == pytest.approx(100, abs=30)
    assert value(text, "reseller_webhooks_partitions_without_owner") == 256
    assert value(text, "reseller_webhooks_workers_alive") == 0
    assert value(text, "reseller_webhooks_webhooks_failing") == 0
    assert value(text, "reseller_webhooks_store_up") == 1


async def test_a_fan_out_that_is_late_is_told_by_every_process(
    tmp_path: Path, migrated: Path
) -> None:
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        owner = resellers.add(one.database, "Northwind").id
        with one.database.write() as tx:
            some = [event(reseller_id=owner, version=version) for version in range(1, 4)]
            fan_out.add(tx, list(zip(events.add(tx, some), some, strict=True)))
            since = tx.now - 1_000 * SECOND
            tx.connection.exec_driver_sql(f"UPDATE pending_fan_out SET created_at = {since}")
        async with httpx.AsyncClient(base_url=one.url) as client:
            text = await scrape(client)
            conditions = (await client.get("/readyz")).json()["conditions"]

    assert value(text, "reseller_webhooks_fan_out_pending") == 3
    assert value(text, "reseller_webhooks_fan_out_oldest_seconds") == pytest.approx(1_000, abs=60)
    assert [it["severity"] for it in conditions if it["code"] == "fan-out-late"] == ["degraded"]


async def test_the_operators_page_tells_the_same_numbers(running: Running) -> None:
    owner = resellers.add(running.database, "Northwind").id
    with running.database.write() as tx:
        for number in range(3):
            failing = webhook(tx, reseller_id=owner, url=f"https://receiver.example/{number}").id
            told(tx, event(reseller_id=owner))
            tx.connection.exec_driver_sql(
                f"UPDATE webhook SET circuit = 'OPEN' WHERE id = {failing}"
            )
    page = cluster.overview(running.database)
    async with httpx.AsyncClient(base_url=running.url) as client:
        text = await scrape(client)

    assert value(text, "reseller_webhooks_webhooks_failing") == page.totals.webhooks_failing == 3
    assert value(text, "reseller_webhooks_workers_alive") == len(page.members) == 1
    assert value(text, "reseller_webhooks_deliveries_pending") == page.totals.backlog.pending


def has_run(database: Database, job: MaintenanceJob) -> bool:
    with database.read() as tx:
        return any(status.job == job for status in maintenance.statuses(tx))


async def test_each_maintenance_job_tells_its_last_success(running: Running) -> None:
    # The program's own first round, which ends with this job; the next one begins a minute later.
    await asyncio.to_thread(
        wait_until, lambda: has_run(running.database, MaintenanceJob.SPACE), "a round has ended"
    )
    with running.database.write() as tx:
        maintenance.note_success(tx, MaintenanceJob.EVENTS)
        maintenance.note_failure(tx, MaintenanceJob.AUDIT, "no right")
        tx.connection.exec_driver_sql(
            "UPDATE maintenance_job SET succeeded_at = NULL WHERE job = 'audit'"
        )
        now = tx.now
    async with httpx.AsyncClient(base_url=running.url) as client:
        text = await scrape(client)
    name = "reseller_webhooks_upkeep_last_success_timestamp_seconds"

    assert value(text, name, job="events") == pytest.approx(now / 1e6, abs=60)
    assert value(text, name, job="audit") == 0
    assert (name, frozenset({("job", "audit")})) in samples(text)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody reads webhooks meanwhile: a store that hangs."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE webhook IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


async def test_a_scrape_answers_within_a_second_while_the_store_hangs(
    tmp_path: Path, migrated: Path, empty_postgres: str
) -> None:
    async with (
        serving(tmp_path, migrated, ProcessRole.API, database=empty_postgres) as one,
        httpx.AsyncClient(base_url=one.url) as client,
    ):
        with locked(empty_postgres):
            began = time.monotonic()
            text = await scrape(client)
            took_s = time.monotonic() - began

    assert took_s < ANSWERS_WITHIN_S
    assert value(text, "reseller_webhooks_store_up") == 0
    assert "reseller_webhooks_deliveries_due" not in text
    assert value(text, "process_open_fds") > 0


def test_the_last_numbers_are_told_while_the_store_hangs_and_new_ones_afterwards(
    empty_postgres: str,
) -> None:
    database = Database(empty_postgres)
    reader = StoreReader(lambda: cluster.totals(database), fresh_s=0, hangs_s=0.1)
    first = reader.latest()
    up_before = reader.is_up
    with locked(empty_postgres):
        stale = reader.latest()
        up_meanwhile = reader.is_up
    deadline = time.monotonic() + 10
    while reader.latest() is first and time.monotonic() < deadline:
        pass
    up_after = reader.is_up
    database.close()

    assert first is not None
    assert stale is first
    assert (up_before, up_meanwhile, up_after) == (True, False, True)


def test_a_store_that_fails_is_down_and_is_asked_again(empty_postgres: str) -> None:
    database = Database(empty_postgres)
    reader = StoreReader(lambda: cluster.totals(database), fresh_s=0)
    with database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE lease RENAME TO gone")
    failed, up_meanwhile = reader.latest(), reader.is_up
    with database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE gone RENAME TO lease")
    mended, up_after = reader.latest(), reader.is_up
    database.close()

    assert (failed, up_meanwhile) == (None, False)
    assert mended is not None
    assert up_after


async def test_a_token_closes_the_metrics_to_others(tmp_path: Path, migrated: Path) -> None:
    async with (
        serving(tmp_path, migrated, metrics_token=TOKEN.decode()) as one,
        httpx.AsyncClient(base_url=one.url) as client,
    ):
        wrong = (b"", b"Bearer " + TOKEN + b"x", b"Basic " + TOKEN, b"Bearer \xe9")
        shown = [
            await client.get("/metrics", headers=[(b"authorization", text)])
            for text in (*wrong, b"bearer " + TOKEN)
        ]
        others = await client.get("/healthz")

    assert [answer.status_code for answer in shown] == [401, 401, 401, 401, 200]
    assert shown[0].headers["www-authenticate"] == "Bearer"
    assert others.status_code == 200


async def test_store_transactions_their_errors_and_connections_are_told(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.url) as client:
        before = await scrape(client)
        with pytest.raises(Unavailable), running.database.read() as tx:
            tx.connection.exec_driver_sql("SELECT nothing FROM nowhere")
        with running.database.write():
            during = await scrape(client)
        after = await scrape(client)
    errors = "reseller_webhooks_store_errors_total"
    name = "reseller_webhooks_store_transaction_duration_seconds_count"

    assert value(after, errors, kind="unavailable") == value(before, errors, kind="unavailable") + 1
    assert value(after, name, access="write") > value(before, name, access="write")
    assert value(during, "reseller_webhooks_store_connections_in_use", pool="write") == 1
    assert value(after, "reseller_webhooks_store_connections_max", pool="write") == 1
