"""The store as one worker reaches it: over a network that is slow, fails, and loses answers."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.deliveries.delivery import AttemptResult, ScanRequest
from reseller_webhooks.core.deliveries.fan_out_rules import FanOutStep
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages.requests import STORE_AWAY
from reseller_webhooks.core.sync.due import DueIds, NewDeliveries, ScanResult
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.sync.revisions import Revised, Revisions
from reseller_webhooks.engine.ports import WebhookSnapshot
from tests.simulation.fan_outs import FanOuts
from tests.simulation.plan import Plan, Profile
from tests.simulation.tables import Tables
from tests.simulation.trace import Trace
from tests.simulation.virtual_clock import Clockwork, ProcessLoop

T = TypeVar("T")


class Line:
    """The way to the store that all workers share. is_up: whether the store answers at all."""

    def __init__(
        self, tables: Tables, fan_outs: FanOuts, plan: Plan, rng: Random, trace: Trace
    ) -> None:
        self.tables, self.fan_outs = tables, fan_outs
        self.plan, self.rng, self.trace = plan, rng, trace
        self.virtual_clock: Clockwork = tables.virtual_clock
        self.is_up = True
        self.failures = 0
        self.refused = 0

    def delay_s(self) -> float:
        """How long a message takes one way."""
        draw = self.rng.random()
        if draw < self.plan.slow_calls:
            return self.rng.uniform(0.1, 1.5)
        return 0.0005 + 0.004 * draw


class Port:
    """engine.ports.Store and LeaseStore for one worker. is_cut: its way to the store is broken."""

    def __init__(self, line: Line, loop: ProcessLoop, me: str) -> None:
        self.is_cut = False
        self.is_gone = False
        self._line, self._loop, self._me = line, loop, me

    async def webhooks(self, parts: Collection[int]) -> list[WebhookSnapshot]:
        some = frozenset(parts)
        return await self._ask("webhooks", lambda tables: tables.known(some))

    async def webhooks_by_id(self, numbers: Collection[int]) -> list[WebhookSnapshot]:
        return await self._ask("webhooks by id", lambda tables: tables.by_id(numbers))

    async def webhook_horizon(self) -> Horizon:
        return await self._ask("webhook horizon", Tables.webhook_horizon)

    async def changed_webhooks(self, horizon: Horizon, parts: Collection[int]) -> Revised:
        some = frozenset(parts)
        return await self._ask("revised", lambda tables: tables.revised(horizon, some))

    async def revisions(self, parts: Collection[int]) -> Revisions:
        raise NotImplementedError("the look over everything never comes here")

    async def last_delivery(self) -> int:
        return await self._ask("last delivery", lambda tables: tables.numbers)

    async def new_deliveries(
        self, since: int, parts: Collection[int], *, include_due: bool
    ) -> NewDeliveries:
        mine = frozenset(parts)
        return await self._ask("arrivals", lambda tables: tables.arrivals(since, mine, include_due))

    async def due_late_commits(self, horizon: Horizon, newest: int) -> DueIds:
        return await self._ask("late", lambda tables: tables.late(horizon, newest))

    async def first_due_s(self) -> dict[int, float]:
        return await self._ask("waiting", Tables.waiting)

    async def pull_back(self, parts: Collection[int]) -> set[int]:
        mine = frozenset(parts)
        return await self._ask("pull_back", lambda tables: tables.pull_back(mine))

    async def scan(self, asks: Sequence[ScanRequest]) -> list[ScanResult]:
        return await self._ask("scan", lambda tables: tables.scan(asks))

    async def give_up(self, webhook_id: int, lease: tuple[int, int], before: Micros) -> int:
        return await self._ask(
            "give_up", lambda tables: tables.give_up(webhook_id, lease, before, self._me)
        )

    async def fan_out(self, after: int, limit: int) -> FanOutStep | None:
        del after, limit  # there is one reseller, and its steps are small
        if self._line.plan.profile is not Profile.FANOUT:
            return None
        fan_outs = self._line.fan_outs
        return await self._ask("fan-out", lambda _: fan_outs.step())

    async def write_results(
        self, made: Sequence[AttemptResult], circuits: Mapping[int, Circuit]
    ) -> int:
        refused = await self._ask("finish", lambda tables: tables.finish(made, circuits, self._me))
        if refused:
            self._line.trace.note(self._me, "{} results refused, being another's", refused)
            self._line.refused += refused
        return refused

    async def heartbeat(
        self,
        *,
        release: Collection[int],
        lapsed_too: bool,
        stands_back: bool,
        latest: Micros | None,
    ) -> LeaseSnapshot:
        return await self._ask(
            "beat",
            lambda tables: tables.beat(
                self._me,
                self._line.plan.ttl_s,
                frozenset(release),
                lapsed_too=lapsed_too,
                stands_back=stands_back,
                latest=latest,
            ),
        )

    async def live_workers(self) -> frozenset[str]:
        return await self._ask("living", Tables.living)

    async def leave(self) -> None:
        await self._ask("leave", lambda tables: tables.leave(self._me))

    async def _ask(self, name: str, transaction: Callable[[Tables], T]) -> T:
        answer: asyncio.Future[T] = self._loop.create_future()
        line = self._line
        if self.is_cut or not line.is_up:
            line.virtual_clock.after(line.rng.choice([0.01, 0.5, 2.0]), self._fail, answer, name)
        else:
            line.virtual_clock.after(line.delay_s(), self._transact, name, transaction, answer)
        return await answer

    def _transact(
        self, name: str, transaction: Callable[[Tables], Any], answer: asyncio.Future[Any]
    ) -> None:
        line = self._line
        if self.is_cut or not line.is_up:
            self._fail(answer, name)
            return
        luck = line.rng.random()
        if luck < line.plan.store_failures / 2:
            self._fail(answer, name)
            return
        result = transaction(line.tables)
        if luck < line.plan.store_failures:
            line.trace.note(self._me, "{} committed, but the answer is lost", name)
            line.virtual_clock.after(line.delay_s(), self._fail, answer, name)
            return
        line.virtual_clock.after(line.delay_s(), self._answer, answer, name, result)

    def _answer(self, answer: asyncio.Future[T], name: str, result: T) -> None:
        if self.is_cut:
            self._fail(answer, name)
        elif not self.is_gone:
            self._loop.call_soon(_settle, answer, result)

    def _fail(self, answer: asyncio.Future[Any], name: str) -> None:
        self._line.failures += 1
        if not self.is_gone:
            self._line.trace.note(self._me, "{} fails", name)
            self._loop.call_soon(_settle, answer, Unavailable(STORE_AWAY()))


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
