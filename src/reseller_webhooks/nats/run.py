"""Runs the ingest or the export until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.nats.batch_apply import BatchApply
from reseller_webhooks.nats.connection import NatsAddress, keep
from reseller_webhooks.nats.consumer import StreamSource
from reseller_webhooks.nats.export import Export
from reseller_webhooks.nats.ingest import Ingest
from reseller_webhooks.observability import start_logging
from reseller_webhooks.operations import generations
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db import migrate, startup
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.notify import Notifications


def ingest(settings: Settings, address: NatsAddress, source: StreamSource) -> None:
    """Take changes in until asked to stop."""
    start_logging(as_json=not sys.stderr.isatty())
    with _ready(settings) as database:
        asyncio.run(_ingest(settings, database, address, source))


def export(settings: Settings, address: NatsAddress, stream: str, subject: str) -> None:
    """Publish events until asked to stop."""
    start_logging(as_json=not sys.stderr.isatty())
    with _ready(settings) as database:
        asyncio.run(_export(settings, database, address, stream, subject))


async def _ingest(
    settings: Settings, database: Database, address: NatsAddress, source: StreamSource
) -> None:
    stop = _stopping()
    hints = Notifications(settings.database, lambda: None)
    hints.start(listens=False)
    try:
        database.commits.listen(lambda _: hints.give())
        applying = BatchApply(database, source.stream, settings.public_url)
        await keep(address, Ingest(applying, source, stop).session, stop)
    finally:
        hints.stop()


async def _export(
    settings: Settings, database: Database, address: NatsAddress, stream: str, subject: str
) -> None:
    woken = asyncio.Event()
    stop = _stopping(woken)
    loop = asyncio.get_running_loop()

    def heard() -> None:
        loop.call_soon_threadsafe(woken.set)

    hints = Notifications(settings.database, heard)
    hints.start(listens=True)
    keep_s = settings.retention_days * DAY / SECOND
    try:
        one = Export(database, stream, subject, keep_s=keep_s, stop=stop, woken=woken)
        await keep(address, one.session, stop)
    finally:
        hints.stop()


def _stopping(*woken: asyncio.Event) -> asyncio.Event:
    """Set by SIGTERM and SIGINT, and so are those."""
    stop = asyncio.Event()

    loop = asyncio.get_running_loop()

    def asked() -> None:
        for event in (stop, *woken):
            event.set()

    def handle(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(asked)

    # Not loop.add_signal_handler: a loop that closes would leave the signals without a handler.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


@contextmanager
def _ready(settings: Settings) -> Iterator[Database]:
    """The store, with the tables of this version."""
    database = Database(settings.database)

    def prepare() -> None:
        if settings.database.startswith("sqlite"):
            migrate.upgrade(database)
        migrate.check(database)
        generations.notice(database)

    try:
        startup.wait_for(database, prepare)
        database.outage.is_reported = True
        yield database
    finally:
        database.close()
