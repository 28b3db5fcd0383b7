"""A running engine for tests: a real store, the real sender, receivers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.deliveries.log import LogLine, LogQuery
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.engine.sending.sender import Sender
from reseller_webhooks.engine.sending.token_cache import TokenCache
from reseller_webhooks.engine.store_adapter import StoreAdapter
from reseller_webhooks.operations import deliveries, resellers, webhooks
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries as stored
from reseller_webhooks.store.deliveries import log
from reseller_webhooks.store.records import events
from tests.receivers.receiver import WAIT_S, Request, everything_is_here

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
LOOPBACK = TargetNetworks((ip_network("127.0.0.0/8"),))
BODY = '{"uuid":"e","resource":{"type":"COMPANY"}}'


class World:
    """Time as it is, and no jitter."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self.cpu_s = cpu_s

    def now(self) -> clock.Micros:
        return clock.now()

    def chance(self) -> float:
        return 0.0


class TellingStore(StoreAdapter):
    """The real store, which also tells the test when it was used."""

    def __init__(
        self, database: Database, box: Box, used: asyncio.Condition, worker: Worker | None = None
    ) -> None:
        super().__init__(database, box, worker)
        self._used = used

    async def write_results(self, *given: Any) -> int:
        refused = await super().write_results(*given)
        await self._tell()
        return refused

    async def give_up(self, *given: Any) -> int:
        closed = await super().give_up(*given)
        await self._tell()
        return closed

    async def heartbeat(self, **given: Any) -> LeaseSnapshot:
        standing = await super().heartbeat(**given)
        await self._tell()
        return standing

    async def scan(self, *given: Any) -> Any:
        found = await super().scan(*given)
        await self._tell()
        return found

    async def _tell(self) -> None:
        async with self._used:
            self._used.notify_all()


class Running:
    """One reseller's events going out, through as many engines as run."""

    def __init__(self, url: str, ca_file: Path, **given: Any) -> None:
        self.database = Database(url)
        self.box = Box([KEY])
        self.reseller = resellers.add(self.database, "Northwind").id
        self.waits_s = given.pop("waits_s", (0.05, 0.05))
        self.slots = given.pop("slots", 1000)
        self.world = World(given.pop("cpu_s", clock.cpu_s))
        self._sender_given = {
            "ca_file": ca_file,
            "networks": LOOPBACK,
            "resolve": everything_is_here,
            "timeout_s": 5.0,
        } | given
        self.engines: list[Engine] = []
        self._used = asyncio.Condition()

    def another_reseller(self, name: str) -> int:
        return resellers.add(self.database, name).id

    def webhook(self, url: str, *, reseller: int = 0, **given: Any) -> WebhookRow:
        spec = Spec(url=url, resource=Resource.COMPANY, actions=frozenset(Action), **given)
        return webhooks.add(self.database, self.box, reseller or self.reseller, spec).webhook

    def tell(
        self, *resources: str, version: int = 1, body: str = BODY, reseller: int = 0
    ) -> list[str]:
        """Commit one event for each resource; their ids, for which EVENT stands in the body."""
        some = [
            Event(
                uuid=uuid,
                reseller_id=reseller or self.reseller,
                resource=Resource.COMPANY,
                resource_uuid=resource,
                action=Action.CHANGED,
                ticked=frozenset({Action.CHANGED}),
                version=version,
                changed_at=clock.now(),
                body=body.replace("EVENT", uuid),
            )
            for resource, uuid in [(one, str(uuid4())) for one in resources]
        ]
        with self.database.write() as tx:
            numbers = events.add(tx, some)
            events.fan_out(tx, numbers)
            stored.supersede(tx, numbers)
        self.poke()
        return [one.uuid for one in some]

    def poke(self) -> None:
        for engine in self.engines:
            engine.wake()

    @asynccontextmanager
    async def sending(
        self, worker: Worker | None = None, store_class: type[TellingStore] = TellingStore
    ) -> AsyncIterator[Engine]:
        """An engine. worker: as which it shares the store with others; None when it is alone."""
        store = store_class(self.database, self.box, self._used, worker)
        leases = Leases(store, ttl_s=worker.ttl_s, hold_s=worker.ttl_s) if worker else None
        async with Sender(**self._sender_given) as sender:
            policy = RetryPolicy(self.waits_s)
            timeout_s = self._sender_given["timeout_s"]
            runner = AttemptRunner(
                sender.send,
                TokenCache(sender),
                self.world,
                policy,
                timeout_s=timeout_s,
                turn=sender.turn,
            )
            engine = Engine(store, runner, leases, slots=self.slots)
            await engine.start()
            self.engines.append(engine)
            try:
                yield engine
            finally:
                self.engines.remove(engine)
                await engine.stop(patience_s=1)
                store.close()

    def lines(self, *states: State) -> list[LogLine]:
        with self.database.read() as tx:
            return log.page(tx, LogQuery(self.reseller, frozenset(states), limit=500))

    def details(self, line: LogLine) -> deliveries.Details:
        return deliveries.get(self.database, line.delivery_id, reseller_id=self.reseller)

    async def until(self, condition: Callable[[], Any]) -> Any:
        """The condition's value, once it has one; looked at after each use of the store."""
        async with asyncio.timeout(WAIT_S), self._used:
            return await self._used.wait_for(condition)

    async def closed(self, count: int, *states: State) -> list[LogLine]:
        """The closed deliveries, once there are as many."""
        wanted = states or (State.DELIVERED, State.FAILED)

        def enough() -> list[LogLine] | None:
            lines = self.lines(*wanted)
            return lines if len(lines) >= count else None

        return list(await self.until(enough))


Make = Callable[..., Running]


def ids(requests: list[Request]) -> list[str | None]:
    """The event that each request tells of."""
    return [request.header("webhook-id") for request in requests]
