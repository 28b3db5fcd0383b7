"""Kills and outages between the stream and the store: nothing is lost, nothing is doubled."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from bench.postgres import Postgres
from reseller_webhooks.operations import resellers
from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.resellers import Reseller
from tests.edges.conftest import Start
from tests.edges.feeding import SOURCE, feeding, history, ingesting, prepared, reached, settled
from tests.edges.jetstream import Nats, eventually

NAMES = [f"Name {n}" for n in range(600)]


async def test_nats_is_killed_mid_stream_and_comes_back(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    async with ingesting(server, database), feeding(server, reseller, NAMES):
        for count in (100, 300):
            await eventually(lambda count=count: reached(database, reseller, count))
            server.kill()
            server.start()
    async with ingesting(server, database), server.js() as again:
        await settled(again)

    assert history(database, reseller, "c1") == NAMES


async def test_ingest_is_killed_mid_stream_and_started_again(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, start: Start
) -> None:
    await prepared(js)
    async with feeding(server, reseller, NAMES):
        for count in (50, 200, 400):
            one = start("ingest", "--nats", server.url)
            await eventually(lambda count=count: reached(database, reseller, count))
            one.kill()
        start("ingest", "--nats", server.url)
    await settled(js)

    assert history(database, reseller, "c1") == NAMES


async def test_asked_to_stop_it_acknowledges_what_it_has_committed_and_ends_well(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, start: Start
) -> None:
    await prepared(js)
    async with feeding(server, reseller, NAMES):
        one = start("ingest", "--nats", server.url)
        await eventually(lambda: reached(database, reseller, 100))
        one.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(one.wait)
        info = await js.consumer_info(SOURCE.stream, SOURCE.consumer)

    assert code == 0
    assert info.ack_floor.stream_seq == len(history(database, reseller, "c1"))


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    one = Postgres(tmp_path)
    with_tables = Database(one.url)
    migrate.upgrade(with_tables)
    with_tables.close()
    yield one
    one.start()
    one.end()


async def test_the_store_is_away_and_messages_wait_for_it(
    server: Nats, js: JetStreamContext, postgres: Postgres
) -> None:
    await prepared(js)
    database = Database(postgres.url)
    reseller = resellers.add(database, "Northwind")
    async with ingesting(server, database), feeding(server, reseller, NAMES):
        await eventually(lambda: reached(database, reseller, 100))
        await asyncio.to_thread(postgres.kill)
        held = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
        await asyncio.to_thread(postgres.start)
        await eventually(lambda: reached(database, reseller, len(NAMES)))
        await settled(js)
    found = history(database, reseller, "c1")
    database.close()

    assert held.ack_floor.stream_seq < len(NAMES)
    assert found == NAMES
