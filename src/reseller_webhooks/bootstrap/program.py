"""Puts the program together: which parts run in this process, and in what sequence.

A process on SQLite is usually all of it; `api` answers requests, `worker` sends.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path

from fastapi import FastAPI

from reseller_webhooks import clock, secrets
from reseller_webhooks.api.app import create_api
from reseller_webhooks.core import examples
from reseller_webhooks.core.attempts import Attempt
from reseller_webhooks.core.delivery import Delivery
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.events import CHANCE_BYTES, event_uuid
from reseller_webhooks.core.names import Action
from reseller_webhooks.core.notification import Due
from reseller_webhooks.core.retry import RetryPolicy
from reseller_webhooks.core.webhooks import Webhook
from reseller_webhooks.engine.courier import Courier
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.intake import Intake
from reseller_webhooks.engine.oauth2 import Tokens
from reseller_webhooks.engine.ownership import SoleOwner
from reseller_webhooks.engine.sender import Sender
from reseller_webhooks.engine.store_port import StorePort
from reseller_webhooks.engine.upkeep import Upkeep
from reseller_webhooks.operations.house import House
from reseller_webhooks.secrets import Box
from reseller_webhooks.settings import Settings
from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database
from reseller_webhooks.web.app import create_web


class Part(StrEnum):
    """What a process does."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class World:
    """Time and chance as they are."""

    def now(self) -> clock.Micros:
        """Wall time."""
        return clock.now()

    def chance(self) -> float:
        """A number in [0, 1)."""
        return secrets.chance()


class Program:
    """One process of Reseller Webhooks."""

    def __init__(self, settings: Settings, part: Part = Part.ALL) -> None:
        self.settings, self.part = settings, part
        self.database = Database(settings.database)
        self.box = open_box(settings)
        self._sender = Sender(
            timeout_s=settings.timeout_s,
            ca_file=settings.ca_file,
            allowed=settings.allow_targets,
        )
        self._courier = Courier(
            send=self._sender.send,
            tokens=Tokens(self._sender),
            world=World(),
            policy=RetryPolicy(tuple(settings.retry_schedule)),
            legacy_token=settings.legacy_token_header,
        )
        self._intake = Intake(self.database, settings.public_url, self._poke)
        self._engine: Engine | None = None
        self._owner: SoleOwner | None = None
        self.house = House(
            settings=settings,
            database=self.database,
            box=self.box,
            submit=self._intake.submit,
            poke=self._poke,
            try_now=self._try_now,
            ailing=self._ailing,
        )

    def prepare(self) -> None:
        """Check the tables and take the right to send, so that a refusal comes before any start."""
        migrate.check(self.database)
        if self.part is not Part.API and self._owner is None:
            self._owner = SoleOwner(self._sqlite_file())
            self._owner.take()

    def asgi(self) -> FastAPI:
        """The program as a web application; it runs as long as its lifespan."""
        app = create_api(self.house, lifespan=lambda _: self.running())
        if self.part is not Part.WORKER:
            app.mount("/", create_web(self.house))
        return app

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start every part, and stop them the other way round."""
        self.prepare()
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            await stack.enter_async_context(self._sender)
            if self.part is not Part.API:
                await stack.enter_async_context(self._sending())
            self._intake.start()
            stack.push_async_callback(self._intake.stop)
            yield

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        store = StorePort(self.database, self.box)
        engine = Engine(store, self._courier)
        upkeep = Upkeep(self.database, retention_days=self.settings.retention_days)
        await engine.start()
        self._engine = engine
        tidying = asyncio.create_task(upkeep.run())
        try:
            yield
        finally:
            tidying.cancel()
            await engine.stop()
            store.close()
            if self._owner:
                self._owner.release()

    def _sqlite_file(self) -> Path:
        file = Database.file_of(self.settings.database)
        if file is None:
            raise Refused(
                "this version sends only from SQLite; start it with --role api on PostgreSQL, "
                "or set RESELLER_WEBHOOKS_DATABASE to sqlite:///data/reseller-webhooks.db"
            )
        return file

    def _poke(self) -> None:
        if self._engine:
            self._engine.poke()

    async def _try_now(self, webhook: Webhook) -> Attempt:
        at = clock.now()
        event = event_uuid(at, secrets.random_bytes(CHANCE_BYTES))
        body = examples.notification(webhook.resource, self.settings.public_url, event, at)
        due = Due(_example_delivery(webhook, at), event, body.encode())
        return await self._courier.request(webhook, due, number=1, at=at)

    def _ailing(self) -> list[str]:
        if self._engine and self._engine.ailing:
            return [self._engine.ailing]
        return []


def open_box(settings: Settings) -> Box:
    """The box for secrets, with the keys from the settings or from the generated file."""
    keys = [key.get_secret_value() for key in settings.secret_keys]
    return Box(keys or secrets.keys_from_file(keys_file(settings)))


def keys_file(settings: Settings) -> Path:
    """Where generated keys are kept: beside an SQLite database, else in ./data."""
    file = Database.file_of(settings.database)
    return (file.parent if file else Path("data")) / "secret-keys"


def _example_delivery(webhook: Webhook, at: clock.Micros) -> Delivery:
    return Delivery(
        id=0,
        webhook_id=webhook.id,
        event_id=0,
        reseller_id=webhook.reseller_id,
        resource=webhook.resource,
        action=Action.ADDED,
        resource_uuid="",
        version=0,
        attempts=0,
        created_at=at,
        next_at=at,
        replay_of=None,
    )
