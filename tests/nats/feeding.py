"""What the platform publishes, and what came of it in the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import nats
import orjson
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError, ServiceUnavailableError

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.nats.batch_apply import BatchApply
from reseller_webhooks.nats.connection import NatsAddress, keep
from reseller_webhooks.nats.consumer import StreamSource
from reseller_webhooks.nats.ingest import Ingest
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events
from tests.nats.jetstream import Nats, eventually, make_stream

SOURCE = StreamSource("CHANGES", "reseller-webhooks")
SUBJECT = "changes.crm"


async def prepared(js: JetStreamContext, *, ack_wait_s: float = 0.5) -> None:
    """The stream, and the consumer, which may be made beforehand."""
    await make_stream(js, SOURCE.stream, "changes.>")
    config = ConsumerConfig(
        durable_name=SOURCE.consumer, ack_policy=AckPolicy.EXPLICIT, ack_wait=ack_wait_s
    )
    await js.add_consumer(SOURCE.stream, config)


def named(reseller: Reseller, uuid: str, *names: str) -> bytes:
    """A company gets names, one after the other."""
    return orjson.dumps(
        {
            "changes": [
                {
                    "reseller": reseller.uuid,
                    "type": "COMPANY",
                    "uuid": uuid,
                    "content": {"name": name},
                }
                for name in names
            ]
        }
    )


@asynccontextmanager
async def feeding(server: Nats, reseller: Reseller, names: list[str]) -> AsyncIterator[None]:
    """The platform, which gives a company one name after the other meanwhile, and repeats what
    NATS has not acknowledged. The block ends when all are in the stream.
    """
    task = asyncio.create_task(_feed(server, reseller, list(names)))
    try:
        yield
        await task
    finally:
        task.cancel()


async def _feed(server: Nats, reseller: Reseller, names: list[str]) -> None:
    while names:
        async with server.js() as js:
            with suppress(nats.errors.Error, OSError):
                while names:
                    headers = {"Nats-Msg-Id": names[0]}
                    await js.publish(SUBJECT, named(reseller, "c1", names[0]), 0.3, headers=headers)
                    names.pop(0)


@asynccontextmanager
async def ingesting(server: Nats, database: Database) -> AsyncIterator[asyncio.Task[None]]:
    """Takes changes in until the block ends, and then in good order."""
    stop = asyncio.Event()
    applying = BatchApply(database, SOURCE.stream, "http://platform.example")
    work = keep(NatsAddress(server.url), Ingest(applying, SOURCE, stop).session, stop)
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        stop.set()
        await task


async def settled(js: JetStreamContext) -> ConsumerInfo:
    """The consumer, when everything is acknowledged."""

    async def look() -> ConsumerInfo | None:
        try:
            info: ConsumerInfo = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
        except (NotFoundError, ServiceUnavailableError):
            return None
        return None if info.num_pending or info.num_ack_pending else info

    info: ConsumerInfo = await eventually(look)
    return info


def history(database: Database, reseller: Reseller, uuid: str) -> list[str]:
    """The names that a company got, first to last, as its events tell."""
    with database.read() as tx:
        found: list[Event] = events.of_resource(
            tx, Resource.COMPANY, uuid, reseller_id=reseller.id, before=None, limit=10_000
        )
    assert [one.version for one in reversed(found)] == list(range(1, len(found) + 1))
    return [orjson.loads(one.body)["resource"]["content"]["name"] for one in reversed(found)]


async def reached(database: Database, reseller: Reseller, count: int) -> bool:
    """Whether the company has had so many names."""
    with suppress(Unavailable):
        return len(await asyncio.to_thread(history, database, reseller, "c1")) >= count
    return False
