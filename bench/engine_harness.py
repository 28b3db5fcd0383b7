"""An engine in this process, and a real store with rows put there in bulk, for benches that
need a store in a state which the program would take days to reach."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import structlog

from reseller_webhooks import clock, crypto
from reseller_webhooks.bootstrap.serving import freeze_heap
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.webhooks.ip_policy import TargetNetworks
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.engine.sending.http1.name_lookups import Resolve
from reseller_webhooks.engine.sending.sender import Sender
from reseller_webhooks.engine.sending.token_cache import TokenCache
from reseller_webhooks.engine.store_adapter import StoreAdapter
from reseller_webhooks.operations import resellers, webhooks
from reseller_webhooks.store.db import bulk_write, migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import delivery

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
BODY = '{"uuid":"u","resource":{"type":"COMPANY","content":"' + "x" * 1500 + '"}}'
A_BATCH = 10_000
A_TICK, TICK_S = 10, 0.05

structlog.configure(processors=[structlog.processors.JSONRenderer()])


class World:
    """Time and chance as they are."""

    def now(self) -> clock.Micros:
        return clock.now()

    def cpu_s(self) -> float:
        return clock.cpu_s()

    def chance(self) -> float:
        return crypto.chance()


class CountingStore(StoreAdapter):
    """The real store; it counts the results that it has written."""

    def __init__(self, database: Database, box: Box) -> None:
        super().__init__(database, box)
        self.written = 0
        self._more = asyncio.Condition()

    async def write_results(
        self, made: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        refused = await super().write_results(made, circuits)
        self.written += len(made)
        async with self._more:
            self._more.notify_all()
        return refused

    async def until(self, written: int) -> None:
        """Return once so many results are in the file."""
        async with self._more:
            await self._more.wait_for(lambda: self.written >= written)


class Workplace:
    """The store and what to put there."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.box = Box([KEY])
        migrate.upgrade(self.database)
        freeze_heap()

    def reseller(self, name: str) -> int:
        return resellers.add(self.database, name).id

    def webhook(
        self, reseller: int, url: str, *, at_once: int = 10, mode: Mode = Mode.EVERY_CHANGE
    ) -> WebhookRow:
        given = {
            "url": url,
            "resource": Resource.COMPANY,
            "actions": frozenset(Action),
            "max_in_flight": at_once,
            "mode": mode,
        }
        spec = Spec.model_validate(given)
        return webhooks.add(self.database, self.box, reseller, spec).webhook

    def change(self, reseller: int, resources: Sequence[str], version: int = 1) -> list[str]:
        """Commit one event for each resource, with its deliveries; the events' ids."""
        some = [_event(reseller, resource, version) for resource in resources]
        with self.database.write() as tx:
            numbers = events.add(tx, some)
            events.fan_out(tx, numbers)
            deliveries.supersede(tx, numbers)
        return [one.uuid for one in some]

    async def feed(
        self, engine: Engine, resellers: Sequence[int], committed: dict[str, int]
    ) -> None:
        """Some changes for one reseller after the other, at a steady beat, until cancelled.

        committed: when each event was, in microseconds.
        """
        loop, turn = asyncio.get_running_loop(), 0
        began = loop.time()
        while True:
            names = [f"{turn}-{n}" for n in range(A_TICK)]
            reseller = resellers[turn % len(resellers)]
            made = await asyncio.to_thread(self.change, reseller, names)
            engine.wake(webhooks=False)
            committed |= dict.fromkeys(made, clock.now())
            turn += 1
            await asyncio.sleep(max(0.0, began + turn * TICK_S - loop.time()))

    def bodies(self, reseller: int, count: int) -> list[int]:
        """Events that nobody was told of yet; their numbers."""
        with self.database.write() as tx:
            return events.add(tx, [_event(reseller, f"r{n}", 1) for n in range(count)])

    def pend(
        self,
        hooks: Sequence[WebhookRow],
        bodies: Sequence[int],
        count: int,
        *,
        due: clock.Micros,
        attempts: int = 0,
    ) -> None:
        """Deliveries that are pending, in turn for each webhook."""
        same = {"attempts": attempts, "created_at": clock.now()}
        for start in range(0, count, A_BATCH):
            numbers = range(start, min(count, start + A_BATCH))
            rows = [
                _row(hooks[n % len(hooks)], bodies[n % len(bodies)], n, due) | same for n in numbers
            ]
            with self.database.write() as tx:
                bulk_write.add(tx, delivery, rows)

    @asynccontextmanager
    async def sending(
        self,
        ca_file: Path,
        *,
        slots: int = 1000,
        waits_s: tuple[float, ...] = (300.0, 600.0),
        resolve: Resolve | None = None,
    ) -> AsyncIterator[tuple[Engine, CountingStore]]:
        store = CountingStore(self.database, self.box)
        async with Sender(
            ca_file=ca_file,
            networks=TargetNetworks((ip_network("127.0.0.0/8"),)),
            limit=2 * slots,
            resolve=resolve,
        ) as sender:
            runner = AttemptRunner(
                sender.send, TokenCache(sender), World(), RetryPolicy(waits_s), turn=sender.turn
            )
            engine = Engine(store, runner, slots=slots)
            await engine.start()
            try:
                yield engine, store
            finally:
                await engine.stop(1.0)
                store.close()


def _event(reseller: int, resource: str, version: int) -> Event:
    return Event(
        uuid=str(uuid4()),
        reseller_id=reseller,
        resource=Resource.COMPANY,
        resource_uuid=resource,
        action=Action.CHANGED,
        ticked=frozenset({Action.CHANGED}),
        version=version,
        changed_at=clock.now(),
        body=BODY,
    )


def _row(hook: WebhookRow, event: int, number: int, due: clock.Micros) -> dict[str, object]:
    return {
        "event_id": event,
        "webhook_id": hook.id,
        "reseller_id": hook.reseller_id,
        "part": hook.part,
        "resource": "COMPANY",
        "action": "CHANGED",
        "resource_uuid": f"r{number}",
        "version": 1,
        "next_at": due + number,
        "replay_of": None,
    }
