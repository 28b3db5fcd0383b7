"""The export, what there is to export, and what came out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.nats.connection import NatsAddress, keep
from reseller_webhooks.nats.export import Export
from reseller_webhooks.operations import changes, exports
from reseller_webhooks.operations.changes import ChangeRequest
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records.exports import Numbered
from tests.nats.jetstream import Nats, messages


@asynccontextmanager
async def exporting(server: Nats, database: Database) -> AsyncIterator[asyncio.Task[None]]:
    stop, woken = asyncio.Event(), asyncio.Event()
    one = Export(database, "EVENTS", "events", keep_s=86400, stop=stop, woken=woken)
    task = asyncio.create_task(keep(NatsAddress(server.url), one.session, stop))
    try:
        yield task
    finally:
        stop.set()
        woken.set()
        await task


def change(database: Database, reseller: Reseller, *names: str) -> None:
    """A company gets names, one after the other."""
    given = [
        Change(
            reseller.uuid,
            Resource.COMPANY,
            "c1",
            Put(read_content(Resource.COMPANY, "c1", {"name": name})),
        )
        for name in names
    ]
    changes.apply(database, [ChangeRequest(tuple(given))], public_url="http://platform.example")


def held(database: Database) -> list[Numbered]:
    return exports.between(database, 0, exports.newest(database), limit=10_000)


def numbers(database: Database) -> list[int]:
    return [one.number for one in held(database)]


async def holds(js: JetStreamContext, count: int) -> bool:
    """Whether so many events have come to the stream."""
    try:
        return (await js.stream_info("EVENTS")).state.last_seq >= count
    except Error:
        return False


async def published(js: JetStreamContext) -> list[int]:
    return [int((one.headers or {})["Event-Number"]) for one in await messages(js, "EVENTS")]


def version(one: RawStreamMsg) -> int:
    found: int = orjson.loads(one.data or b"")["resourceVersion"]
    return found
