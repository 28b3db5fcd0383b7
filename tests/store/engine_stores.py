"""The store that the engine relies on, on real databases and as the simulation has it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from random import Random
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from reseller_webhooks import clock
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import Spec, Webhook, WebhookState
from reseller_webhooks.crypto import Box
from reseller_webhooks.engine.store_adapter import StoreAdapter
from reseller_webhooks.operations import resellers, webhooks
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import webhooks as stored
from tests.simulation.fan_outs import FanOuts
from tests.simulation.plan import Profile, draw
from tests.simulation.store import Line, Port
from tests.simulation.tables import Tables, WebhookRow
from tests.simulation.trace import Trace
from tests.simulation.virtual_clock import Clockwork, ProcessLoop
from tests.store.factories import event

T = TypeVar("T")
Call = Callable[[Any], Coroutine[Any, Any, T]]
"""Of the two protocols at once, which no name says."""
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
TTL_S = 15.0
CALL_S = 60.0


class EngineStore(Protocol):
    """engine.ports.Store and LeaseStore, and how a test arranges what they are asked about."""

    def webhook(self, mode: Mode = Mode.EVERY_CHANGE) -> Webhook:
        """Add a webhook."""

    def pause(self, webhook: Webhook) -> None:
        """Commit a change of its state."""

    def delete(self, webhook: Webhook) -> None:
        """Commit its deletion."""

    def commit(self, *versions: int, record: str = "c1") -> None:
        """Commit events with these versions, due now to every webhook, in one transaction each."""

    def committing(self, version: int) -> AbstractContextManager[None]:
        """A context: an event whose delivery draws its number first and is committed at the end."""

    def lapse(self, worker: str) -> None:
        """Let a worker be dead for longer than its lease."""

    def ask(self, worker: str, call: Call[T]) -> T:
        """Make one call as a worker."""


class RealStore:
    """StoreAdapter on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database, self._box = database, Box([KEY])
        self._reseller = resellers.add(database, "Northwind").id

    def webhook(self, mode: Mode = Mode.EVERY_CHANGE) -> Webhook:
        spec = Spec(
            url=f"https://{uuid4()}.example/",
            resource=Resource.COMPANY,
            actions=frozenset(Action),
            mode=mode,
        )
        row = webhooks.add(self._database, self._box, self._reseller, spec).webhook
        return webhooks.open_webhook(self._box, row, clock.now())

    def pause(self, webhook: Webhook) -> None:
        with self._database.write() as tx:
            stored.change(tx, webhook.id, state="PAUSED")

    def delete(self, webhook: Webhook) -> None:
        with self._database.write() as tx:
            stored.change(tx, webhook.id, deleted_at=tx.now)

    def commit(self, *versions: int, record: str = "c1") -> None:
        for version in versions:
            with self.committing(version, record=record):
                pass

    @contextmanager
    def committing(self, version: int, *, record: str = "c1") -> Iterator[None]:
        one = event(reseller_id=self._reseller, resource_uuid=record, version=version)
        with self._database.write() as tx:
            numbers = events.add(tx, [one])
            events.fan_out(tx, numbers)
            deliveries.supersede(tx, numbers)
            yield

    def lapse(self, worker: str) -> None:
        with self._database.write() as tx:
            leases.renew(tx, worker, until=tx.now - 1)
            leases.register(tx, worker, host="", version="", until=tx.now - 1)

    def ask(self, worker: str, call: Call[T]) -> T:
        adapter = StoreAdapter(self._database, self._box, Worker(worker, "h.example", "1", TTL_S))
        try:
            return asyncio.run(call(adapter))
        finally:
            adapter.close()


class SimulatedStore:
    """The simulation's port, where the way to its tables has no faults."""

    def __init__(self) -> None:
        self._clock = Clockwork()
        self._tables = Tables(self._clock, {})
        plan = replace(draw(0, Profile.CALM), ttl_s=TTL_S, slow_calls=0.0, store_failures=0.0)
        self._drawn = iter(plan.webhooks)
        fan_outs = FanOuts(self._tables, lambda _: None, lambda *_: None)
        self._line = Line(self._tables, fan_outs, plan, Random(0), Trace(self._clock))  # noqa: S311

    def webhook(self, mode: Mode = Mode.EVERY_CHANGE) -> Webhook:
        one = replace(next(self._drawn), mode=mode)
        row = self._tables.webhooks[one.id] = WebhookRow(one)
        self._tables.revised_as(row, self._tables.revise())
        return one

    def pause(self, webhook: Webhook) -> None:
        row = self._tables.webhooks[webhook.id]
        row.webhook = replace(row.webhook, state=WebhookState.PAUSED)
        self._tables.revised_as(row, self._tables.revise())

    def delete(self, webhook: Webhook) -> None:
        row = self._tables.webhooks[webhook.id]
        row.deleted = True
        self._tables.revised_as(row, self._tables.revise())

    def commit(self, *versions: int, record: str = "c1") -> None:
        for version in versions:
            with self.committing(version, record=record):
                pass

    @contextmanager
    def committing(self, version: int, *, record: str = "c1") -> Iterator[None]:
        tables = self._tables
        made = [
            Delivery(
                id=tables.number(),
                webhook_id=number,
                event_id=version,
                reseller_id=1,
                resource=Resource.COMPANY.value,
                action=Action.CHANGED.value,
                resource_uuid=record,
                version=version,
                attempts=0,
                created_at=tables.now,
                next_at=tables.now,
                replay_of=None,
            )
            for number in tables.webhooks
        ]
        name = f"{record} {version}"
        tables.writing.add(name)
        yield
        tables.writing.discard(name)
        tables.commit(made)

    def lapse(self, worker: str) -> None:
        tables = self._tables
        tables.members[worker] = tables.now - 1
        for tenures in tables.tenures.values():
            if tenures and tenures[-1].owner == worker:
                tenures[-1].covers = tables.now - 1

    def ask(self, worker: str, call: Call[T]) -> T:
        loop = ProcessLoop(self._clock)
        self._clock.loops.append(loop)
        task = loop.create_task(call(Port(self._line, loop, worker)))
        self._clock.run(self._clock.now + CALL_S, task.done)
        self._clock.loops.remove(loop)
        loop.close()
        return task.result()
