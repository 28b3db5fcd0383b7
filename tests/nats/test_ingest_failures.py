"""Kills and outages between the stream and the store: nothing is lost, nothing is doubled."""

import asyncio
import signal

from nats.js import JetStreamContext

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.store.db.database import Database
from tests.nats.conftest import Start
from tests.nats.feeding import SOURCE, feeding, history, ingesting, prepared, reached, settled
from tests.nats.jetstream import Nats, eventually

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


async def test_ingest_is_killed_mid_stream_then_asked_to_stop_and_goes_on_each_time(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, start: Start
) -> None:
    await prepared(js)
    async with feeding(server, reseller, NAMES):
        killed = start("ingest", "--nats", server.url)
        await eventually(lambda: reached(database, reseller, 50))
        killed.kill()
        stopped = start("ingest", "--nats", server.url)
        await eventually(lambda: reached(database, reseller, 300))
        stopped.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(stopped.wait)
    then = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
    committed = len(history(database, reseller, "c1"))
    async with ingesting(server, database):
        await settled(js)

    assert code == 0
    assert then.ack_floor.stream_seq == committed
    assert history(database, reseller, "c1") == NAMES
