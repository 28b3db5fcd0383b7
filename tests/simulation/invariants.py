"""The invariants: what must hold at every instant of a run, and at its end.

It looks on from outside, at requests as they leave and arrive and at what the store holds. It
knows nothing of queues, slots or leases in a worker's memory.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from reseller_webhooks.core.deliveries.attempts import Attempt, Reason
from reseller_webhooks.core.deliveries.circuits import OPENS_AFTER
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.core.webhooks.webhook import NoAuth, WebhookState
from reseller_webhooks.engine.ownership.egress_health import HOSTS_MIN
from tests.simulation.dead_receivers import Abandoned
from tests.simulation.deadlines import Promptness
from tests.simulation.fairness import Fairness
from tests.simulation.plan import Kind, Plan, Profile
from tests.simulation.request import Request
from tests.simulation.tables import Tables
from tests.simulation.trace import Trace

MISTAKE_REPORTED = "the engine reported a mistake of its own"
UNCAUGHT = "an exception that nobody caught"
CRASHES = frozenset({MISTAKE_REPORTED, UNCAUGHT})
"""Violations that say that code broke, and not what it did wrong."""
HAIR_S = 1e-3
"""Clocks of processes go up to half a percent fast or slow."""


@dataclass(slots=True)
class Fared:
    """How a webhook fares in one tenure, from what its worker was told."""

    failures: int = 0
    closed_for: int | None = None
    """Requests accepted since its circuit closed, or None before it ever opened."""


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    detail: str
    at: float

    def __str__(self) -> str:
        return f"{self.at:.3f}: {self.invariant}: {self.detail}"


@dataclass(slots=True)
class Watch:
    plan: Plan
    tables: Tables
    trace: Trace
    violations: list[Violation] = field(default_factory=list)
    requests: int = 0
    duplicates: int = 0
    is_over: bool = False
    under_way: dict[int, set[Request]] = field(default_factory=lambda: defaultdict(set))
    arrived: dict[tuple[int, str], int] = field(default_factory=dict)
    accepted: dict[tuple[int, str], int] = field(default_factory=dict)
    accepts: dict[int, list[Request]] = field(default_factory=lambda: defaultdict(list))
    fared: dict[tuple[int, int], Fared] = field(default_factory=lambda: defaultdict(Fared))
    last_start: dict[int, tuple[float, int]] = field(default_factory=dict)
    seen_first: set[int] = field(default_factory=set)
    committed: dict[int, tuple[Delivery, float]] = field(default_factory=dict)
    prompt: Promptness = field(init=False)
    fairness: Fairness = field(init=False)
    abandoned: Abandoned = field(init=False)

    def __post_init__(self) -> None:
        self.prompt = Promptness(self.plan, self.tables, self.broken)
        self.fairness = Fairness(
            self.plan, self.tables, self.committed, self.prompt.first_start, self.broken
        )
        self.abandoned = Abandoned(self.plan, self.tables, self.broken)

    def broken(self, invariant: str, detail: object) -> None:
        if self.is_over:
            return
        violation = Violation(invariant, str(detail), self.trace.virtual_clock.now)
        self.violations.append(violation)
        self.trace.note("!!", "{}", violation)

    # --- as it happens

    def commits(self, made: Iterable[Delivery]) -> None:
        for one in made:
            self.committed[one.id] = one, self.trace.virtual_clock.now

    def starts(self, request: Request) -> None:
        self.requests += 1
        self._owned(request)
        self._within_cap(request)
        self._within_circuit(request)
        self._within_rate(request)
        self._in_order(request)
        self._not_again(request)
        self.fairness.starts(request, self.under_way)
        under_way = self.under_way[request.webhook.id]
        under_way.add(request)
        self.prompt.starts(request, len(under_way))

    def ends(self, request: Request) -> None:
        under_way = self.under_way[request.webhook.id]
        self.prompt.ends(request, len(under_way))
        under_way.discard(request)

    def arrives(self, request: Request) -> None:
        now, version = self.trace.virtual_clock.now, request.delivery.version
        request.arrived = now
        late = now > request.started + self.plan.timeout_s - HAIR_S
        if request.is_serial and not late:
            self._first_in_order(request)
            if version < self.accepted.get(request.resource, 0):
                kind = "an older version" if request.webhook.ordered else "a superseded delivery"
                self.broken(f"{kind} arrived after its successor was accepted", request)
        self.arrived[request.resource] = max(version, self.arrived.get(request.resource, 0))

    def accepts_it(self, request: Request) -> None:
        request.accepted = self.trace.virtual_clock.now
        if self.accepts[request.delivery.id]:
            self.duplicates += 1
        self.accepts[request.delivery.id].append(request)
        version = request.delivery.version
        self.accepted[request.resource] = max(version, self.accepted.get(request.resource, 0))

    def told(self, request: Request, attempt: Attempt) -> None:
        """The worker has the attempt."""
        request.told = attempt.accepted
        self.abandoned.told(request, attempt)
        self.prompt.told(request, attempt)
        if not request.tenure:
            return
        fared = self.fared[request.webhook.id, request.tenure.epoch]
        if attempt.accepted:
            if fared.failures >= OPENS_AFTER:
                fared.closed_for = 0
            elif fared.closed_for is not None:
                fared.closed_for += 1
            fared.failures = 0
        elif attempt.reason is Reason.STATUS:  # others may be held against the worker's own network
            fared.failures += 1

    # --- each invariant

    def _owned(self, request: Request) -> None:
        if request.tenure is None or request.tenure.owner != request.worker:
            owner = request.tenure.owner if request.tenure else "nobody"
            self.broken(
                "a worker sent for a partition that it did not hold", f"{request}; {owner} has it"
            )

    def _within_cap(self, request: Request) -> None:
        cap, now = request.webhook.max_in_flight, self.under_way[request.webhook.id]
        same = [one for one in now if one.tenure is request.tenure]
        if len(same) + 1 > cap:
            self.broken(
                "more requests at once than the webhook's cap",
                f"{len(same) + 1} of {cap}: {request}",
            )
        elif len(now) + 1 > cap and (
            request.is_serial or not all(_lapsed(one) for one in now if one not in same)
        ):
            self.broken(
                "more requests at once than the webhook's cap, of two workers",
                f"{len(now) + 1} of {cap}: {request}",
            )

    def _within_circuit(self, request: Request) -> None:
        if not request.tenure:
            return
        fared = self.fared[request.webhook.id, request.tenure.epoch]
        beside = sum(one.tenure is request.tenure for one in self.under_way[request.webhook.id])
        if fared.failures >= OPENS_AFTER and beside:
            self.broken("more than a probe went out while the circuit was open", request)
        if fared.closed_for is not None and beside > fared.closed_for:
            self.broken("the ramp after an outage was exceeded", f"{beside + 1} at once: {request}")

    def _within_rate(self, request: Request) -> None:
        rate, epoch = request.webhook.rate_per_second, request.tenure.epoch if request.tenure else 0
        before, last_epoch = self.last_start.get(request.webhook.id, (-1e9, -1))
        self.last_start[request.webhook.id] = request.started, epoch
        if not isinstance(request.webhook.auth, NoAuth):
            return  # those that waited for the same token leave together, at most `cap` of them
        if rate and last_epoch == epoch and request.started - before < 0.99 / rate - HAIR_S:
            self.broken(
                "the rate was exceeded",
                f"{request.started - before:.3f} s after another: {request}",
            )

    def _in_order(self, request: Request) -> None:
        if not request.is_serial:
            return
        for one in self.under_way[request.webhook.id]:
            if one.resource == request.resource:
                self.broken(
                    "two requests of a resource at once", f"{request} beside {one} by {one.worker}"
                )
        if request.webhook.ordered:
            for pending in self.tables.pending[request.webhook.id].values():
                if (
                    pending.resource_uuid == request.delivery.resource_uuid
                    and pending.version < request.delivery.version
                ):
                    self.broken(
                        "a version started before an older one was finished",
                        f"{request}; v{pending.version} is pending",
                    )

    def _not_again(self, request: Request) -> None:
        """Once the worker knows that it was accepted, only a lapsed lease explains another."""
        for one in self.accepts[request.delivery.id]:
            if not one.told or one.tenure is None:
                continue
            if one.tenure is request.tenure:
                self.broken("sent again by the worker that knew it was accepted", request)
            elif one.tenure.end != "lapsed":
                self.broken("sent again though the lease was given back in good order", request)

    def _first_in_order(self, request: Request) -> None:
        first = request.delivery.id not in self.seen_first
        self.seen_first.add(request.delivery.id)
        if (
            first
            and request.webhook.ordered
            and request.delivery.version < self.arrived.get(request.resource, 0)
        ):
            self.broken("a first arrival was out of order", request)

    # --- at the end

    def at_the_end(self) -> None:
        for text in self.tables.counted_back:
            self.broken("the count of attempts went back", text)
        away_s = max((one.for_s for one in self.plan.faults if one.kind is Kind.OUTAGE), default=0)
        if self.plan.profile is Profile.OUTAGE and away_s > self.plan.ttl_s:
            self._nothing_moved()
        for number, (delivery, _) in self.committed.items():
            self._came_to_an_end(number, delivery)
            self.abandoned.latest_state_came(delivery)
        self.prompt.at_the_end(self.committed)

    def _nothing_moved(self) -> None:
        """When only the store was away, every worker is well, and none takes from another."""
        for part, tenures in self.tables.tenures.items():
            for one in tenures:
                if one.end == "lapsed":
                    self.broken("a partition was taken from a worker that is well", (part, one))
                    return

    def _could_suspect_itself(self) -> bool:
        """Whether the only worker had reached hosts enough when it lost its network."""
        if self.plan.profile is not Profile.ISLAND or self.plan.workers > 1:
            return False  # of several workers each may know too few
        began = min(fault.at for fault in self.plan.faults if fault.kind is Kind.ISLAND)
        every = (one for some in self.accepts.values() for one in some)
        return len({one.webhook.id for one in every if one.started < began}) >= HOSTS_MIN

    def _came_to_an_end(self, number: int, delivery: Delivery) -> None:
        closed = self.tables.closed.get(number)
        row = self.tables.webhooks[delivery.webhook_id]
        if closed is None:
            if row.webhook.state is WebhookState.ACTIVE and not row.deleted:
                pending = self.tables.pending[delivery.webhook_id].get(number)
                self.broken("a delivery is stuck", pending or delivery)
            return
        if closed.state is State.DELIVERED and not self.accepts[number]:
            self.broken("a delivery is closed as delivered, and no receiver accepted it", delivery)
        if closed.given_up:
            self.abandoned.was_given_up(closed)
        elif closed.state is State.FAILED and closed.attempts <= len(self.plan.waits_s):
            self.broken("a delivery was given up before its schedule was used up", delivery)
        if closed.state is State.FAILED and self._could_suspect_itself():
            self.broken("a delivery was given up for a worker's own fault", delivery)


def _lapsed(request: Request) -> bool:
    return request.tenure is None or request.tenure.end == "lapsed"
