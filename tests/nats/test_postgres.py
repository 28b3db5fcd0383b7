"""What only a PostgreSQL can do to the edges: be away, and commit events out of sequence."""

import asyncio
from collections.abc import Iterator

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from bench.postgres import Postgres
from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import exports
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events
from tests.nats.feeding import SOURCE, feeding, history, ingesting, prepared, reached, settled
from tests.nats.jetstream import Nats, eventually
from tests.nats.publishing import exporting, holds, published
from tests.store.factories import event

NAMES = [f"Name {n}" for n in range(600)]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    one = Postgres(tmp_path_factory.mktemp("edges"))
    with_tables = Database(one.url)
    migrate.upgrade(with_tables)
    with_tables.close()
    yield one
    one.start()
    one.end()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    one = Database(postgres.url)
    yield one
    one.close()


def test_who_is_about_to_commit_an_event_is_known(database: Database, reseller: Reseller) -> None:
    with database.write() as late:
        (low,) = events.add(late, [event(reseller_id=reseller.id, version=1)])
        with database.write() as quick:
            (high,) = events.add(quick, [event(reseller_id=reseller.id, version=2)])
        upto = exports.newest(database)
        seen = exports.between(database, 0, upto, limit=10)
        writing = exports.writers(database)

    assert low < high == upto
    assert [one.number for one in seen] == [high]
    assert len(writing) == 1
    assert not exports.writers(database)


async def test_events_that_commit_out_of_sequence_are_published_in_it(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    with database.write() as tx:
        events.add(tx, [event(reseller_id=reseller.id, version=3)])
    async with exporting(server, database):
        await eventually(lambda: holds(js, 1))
        before = len(await published(js))
        with database.write() as late:
            (low,) = events.add(late, [event(reseller_id=reseller.id, version=4)])
            with database.write() as quick:
                (high,) = events.add(quick, [event(reseller_id=reseller.id, version=5)])
            await eventually(lambda: looked_since(database, late.now))
        await eventually(lambda: holds(js, before + 2))
        found = await published(js)

    assert found[before:] == [low, high]


async def looked_since(database: Database, at: Micros) -> bool:
    """Whether the export has asked who is writing."""
    with database.read() as tx:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM pg_locks%'"
            " AND query_start > to_timestamp(:at / 1000000.0) AND pid <> pg_backend_pid()"
        )
        return bool(tx.connection.execute(asked, {"at": at}).scalar())


async def test_the_store_is_away_and_messages_wait_for_it(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, postgres: Postgres
) -> None:
    await prepared(js)
    async with ingesting(server, database), feeding(server, reseller, NAMES):
        await eventually(lambda: reached(database, reseller, 100))
        await asyncio.to_thread(postgres.kill)
        held = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
        await asyncio.to_thread(postgres.start)
        await eventually(lambda: reached(database, reseller, len(NAMES)))
        await settled(js)
    found = history(database, reseller, "c1")

    assert held.ack_floor.stream_seq < len(NAMES)
    assert found == NAMES
