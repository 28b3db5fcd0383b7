"""The network and the receivers: what becomes of a request once it has left a worker."""

import asyncio
from dataclasses import dataclass
from random import Random

from reseller_webhooks.core.deliveries.attempts import (
    Attempt,
    Outcome,
    Outgoing,
    Reason,
    from_status,
)
from reseller_webhooks.core.messages import plain
from tests.simulation.invariants import Watch
from tests.simulation.plan import MOVED, Mood, Plan, Profile
from tests.simulation.request import Request
from tests.simulation.tables import Tables
from tests.simulation.trace import Trace
from tests.simulation.virtual_clock import Clockwork, ProcessLoop

SLOWEST = 1.01
"""Clocks of processes go up to half a percent slow."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver does with a request. after_s: until it acts; status None: no answer."""

    accepts: bool
    after_s: float
    status: int | None
    retry_after_s: int = 0


class Network:
    """Everything between a worker's sender and the receivers, and these too."""

    def __init__(
        self,
        virtual_clock: Clockwork,
        plan: Plan,
        tables: Tables,
        watch: Watch,
        trace: Trace,
        rng: Random,
    ) -> None:
        self.virtual_clock, self.plan, self.rng, self.trace = virtual_clock, plan, rng, trace
        self._tables, self._watch = tables, watch
        self._by_url = {one.url: one for one in plan.webhooks}

    def request(self, worker: str, outgoing: Outgoing) -> Request:
        """A request leaves."""
        webhook = self._by_url[outgoing.url.removesuffix(MOVED)]
        number = int(outgoing.headers["webhook-id"])
        request = Request(
            number=self._watch.requests + 1,
            worker=worker,
            webhook=webhook,
            delivery=self._watch.committed[number][0],
            attempt=int(outgoing.headers["x-webhook-attempt"]),
            tenure=self._tables.holder(webhook.part),
            started=self.virtual_clock.now,
            url=outgoing.url,
        )
        self.trace.note(worker, "sends {}", request)
        self._watch.starts(request)
        return request

    def mood(self, webhook_id: int) -> Mood:
        """How the receiver is now."""
        now = self.virtual_clock.now
        spans = self.plan.moods[webhook_id]
        return next((one.mood for one in spans if one.begin <= now < one.end), Mood.WELL)

    def travel_s(self, request: Request) -> float:
        """From the worker to the receiver."""
        if self.mood(request.webhook.id) is Mood.FAR and self.rng.random() < 0.5:
            return self.rng.uniform(0.3, 0.95) * self.plan.timeout_s
        return self.rng.uniform(0.001, 0.03)

    def answer(self, webhook_id: int) -> Answer:  # noqa: PLR0911 - a table of moods
        """What the receiver does with a request that arrives now."""
        timeout_s, rng = self.plan.timeout_s, self.rng
        soon = rng.uniform(0.001, 0.05)
        match self.mood(webhook_id):
            case Mood.BUSY:
                return Answer(False, soon, 503)
            case Mood.RETRY_AFTER:
                return Answer(False, soon, 503, retry_after_s=rng.randint(1, 5))
            case Mood.HANGS:
                return Answer(False, 0, None)
            case Mood.LIES:
                return Answer(True, soon, rng.choice([500, 500, 200, None]))
            case Mood.LATE:
                return Answer(True, timeout_s * rng.uniform(1.0, 2.0), None)
            case Mood.SLOW:
                return Answer(True, timeout_s * rng.uniform(0.1, 0.9), 200)
            case Mood.MOODY:
                return Answer(*rng.choice([(True, soon, 204), (False, soon, 500)]))
        return Answer(True, soon, 200)


class Uplink:
    """One worker's sender: the real one's promise, that an attempt comes whatever happens."""

    def __init__(self, network: Network, watch: Watch, loop: ProcessLoop, me: str) -> None:
        self.is_cut = False
        self.is_gone = False
        self._network, self._watch, self._loop, self._me = network, watch, loop, me

    async def __call__(self, outgoing: Outgoing) -> Attempt:
        network = self._network
        request = network.request(self._me, outgoing)
        answer: asyncio.Future[Attempt] = self._loop.create_future()
        timeout_s = network.plan.timeout_s
        timer = self._loop.call_later(timeout_s, _settle, answer, _TIMEOUT)
        # Later than on the slowest clock: who is frozen by then will not hang up by itself.
        network.virtual_clock.after(timeout_s * SLOWEST, self._gone_for_good, request)
        if self.is_cut or network.mood(request.webhook.id) is Mood.AWAY:
            network.virtual_clock.after(0.01, self._back, request, answer, _NO_CONNECTION)
        else:
            network.virtual_clock.after(network.travel_s(request), self._arrive, request, answer)
        attempt = await answer
        timer.cancel()
        self._watch.ends(request)
        self._watch.told(request, attempt)
        network.trace.note(self._me, "gets {} for {}", attempt.status or attempt.reason, request)
        return attempt

    def _arrive(self, request: Request, answer: asyncio.Future[Attempt]) -> None:
        network = self._network
        self._watch.arrives(request)
        does = network.answer(request.webhook.id)
        if does.accepts:
            network.virtual_clock.after(does.after_s, self._accept, request)
        if does.status is not None:
            attempt = from_status(does.status, 1, retry_after_s=does.retry_after_s)
            back_s = does.after_s + network.rng.uniform(0.001, 0.03)
            network.virtual_clock.after(back_s, self._back, request, answer, attempt)

    def _accept(self, request: Request) -> None:
        self._network.trace.note(f"recv {request.webhook.id}", "accepts {}", request)
        self._watch.accepts_it(request)

    def _back(self, request: Request, answer: asyncio.Future[Attempt], attempt: Attempt) -> None:
        if self._loop.frozen or self.is_gone:
            self._watch.ends(request)
        if not self.is_gone and not (self.is_cut and attempt is not _NO_CONNECTION):
            self._loop.call_soon(_settle, answer, attempt)

    def _gone_for_good(self, request: Request) -> None:
        if self._loop.frozen or self.is_gone:
            self._watch.ends(request)


class Issuer:
    """engine.oauth2.Fetch: gives access tokens, some only after a while."""

    def __init__(self, network: Network, loop: ProcessLoop) -> None:
        self._network, self._loop = network, loop

    async def fetch(self, outgoing: Outgoing) -> tuple[Attempt, bytes]:  # noqa: ARG002
        network, rng = self._network, self._network.rng
        token: asyncio.Future[Attempt] = self._loop.create_future()
        # Where webhooks change all the time, it is while they wait that they must be seen to.
        slow = 0.9 if network.plan.profile is Profile.LATE else 0.2
        longest_s = network.plan.timeout_s if rng.random() < slow else 0.05
        given = (self._loop, token, from_status(200, 1))
        network.virtual_clock.after(rng.random() * longest_s, _bring, *given)
        return await token, b'{"access_token": "a", "token_type": "Bearer", "expires_in": 20}'


_TIMEOUT = Attempt(
    Outcome.FAILED, 1, None, Reason.TIMEOUT, plain("no answer in time"), unreachable=True
)
_NO_CONNECTION = Attempt(
    Outcome.FAILED, 1, None, Reason.CONNECT, plain("no connection"), unreachable=True
)


def _bring(loop: ProcessLoop, answer: asyncio.Future[Attempt], attempt: Attempt) -> None:
    if not loop.is_closed():
        loop.call_soon(_settle, answer, attempt)


def _settle(answer: asyncio.Future[Attempt], attempt: Attempt) -> None:
    if not answer.done():
        answer.set_result(attempt)
