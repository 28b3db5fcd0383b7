"""One run of a seed: the plan is carried out, the invariants look on."""

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import Any

import structlog

from reseller_webhooks import clock
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.core.webhooks.webhook import NoAuth, SecretPurpose, WebhookState
from reseller_webhooks.engine import engine
from tests.simulation.fan_outs import FanOuts
from tests.simulation.invariants import CRASHES, MISTAKE_REPORTED, Violation, Watch
from tests.simulation.network import Network
from tests.simulation.plan import (
    FAULTS_S,
    MOVED,
    OF_WEBHOOKS,
    Change,
    Fault,
    Kind,
    Plan,
    Profile,
    draw,
)
from tests.simulation.store import Line
from tests.simulation.tables import Tables, WebhookRow
from tests.simulation.trace import Trace
from tests.simulation.virtual_clock import STEPS_MAX, Clockwork
from tests.simulation.worker import Worker

HANDED_OVER = 0.5
"""The share of transactions that workers' own processes make."""
SETTLES_S = 120.0
"""After the faults everything must be finished within this: far more than the schedule's waits."""


Maker = tuple[Worker, float]
"""A worker that makes a change, and what its loop's time was when the transaction began."""


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    profile: Profile
    violations: list[Violation]
    trace: Trace
    deliveries: int
    requests: int
    duplicates: int
    faults: int
    refused: int
    store_failures: int
    virtual_s: float
    steps: int

    @property
    def crashes(self) -> list[Violation]:
        """Code that broke. A rule taken out must be noticed by what the engine does without it."""
        return [violation for violation in self.violations if violation.invariant in CRASHES]


def simulate(seed: int, profile: Profile | None = None, *, fenced: bool = True) -> Outcome:
    """Run a seed to its end. fenced: whether the store refuses results of a former owner."""
    return Run(draw(seed, profile), fenced=fenced).run()


class Run:
    """The world of one seed."""

    def __init__(self, plan: Plan, *, fenced: bool = True) -> None:
        self.plan = plan
        self.rng = Random(plan.seed ^ 0x5EED)  # noqa: S311
        self.virtual_clock = Clockwork()
        self.trace = Trace(self.virtual_clock)
        added = {one.target for one in plan.faults if one.kind is Kind.ADD}
        rows = {one.id: WebhookRow(one) for one in plan.webhooks if one.id not in added}
        self.tables = Tables(self.virtual_clock, rows, fenced=fenced)
        self.watch = Watch(plan, self.tables, self.trace)
        self.fan_outs = FanOuts(self.tables, self.watch.commits, self.watch.broken)
        self.line = Line(self.tables, self.fan_outs, plan, self.rng, self.trace)
        self.network = Network(
            self.virtual_clock, plan, self.tables, self.watch, self.trace, self.rng
        )
        self.places: list[Worker | None] = [None] * plan.workers
        self.every: list[Worker] = []
        self.versions: dict[int, int] = {}
        self.busy: set[int] = set()
        self.locked: set[int] = set()
        """Webhooks that somebody is changing; who else would change them waits."""
        self.uncommitted = len(plan.changes) + sum(one.kind in OF_WEBHOOKS for one in plan.faults)

    def run(self) -> Outcome:
        with _the_world_is(self):
            self._arrange()
            self.virtual_clock.run(FAULTS_S + SETTLES_S, self._is_over)
            if self.virtual_clock.steps >= STEPS_MAX:
                self.watch.broken("somebody turns in circles", f"{STEPS_MAX} steps")
            self.watch.at_the_end()
            self.fan_outs.at_the_end()
            self.watch.is_over = True
            for worker in self.every:
                worker.end()
        return Outcome(
            seed=self.plan.seed,
            profile=self.plan.profile,
            violations=self.watch.violations,
            trace=self.trace,
            deliveries=len(self.watch.committed),
            requests=self.watch.requests,
            duplicates=self.watch.duplicates,
            faults=len(self.plan.faults),
            refused=self.line.refused,
            store_failures=self.line.failures,
            virtual_s=self.virtual_clock.now,
            steps=self.virtual_clock.steps,
        )

    def _is_over(self) -> bool:
        if self.virtual_clock.now < FAULTS_S or self.uncommitted:
            return False
        return self.tables.is_settled and not self.fan_outs.waiting

    def _arrange(self) -> None:
        for one in self.plan.webhooks:
            self.trace.note("plan", "{}", _described(self.plan, one.id))
        for place in range(self.plan.workers):
            self.virtual_clock.after(self.rng.random() * 0.5, self._start, place)
        for change in self.plan.changes:
            self.virtual_clock.after(change.at, self._begin, change)
        for fault in self.plan.faults:
            self.virtual_clock.after(fault.at, self._fault, fault)

    # --- changes

    def _begin(self, change: Change) -> None:
        """The transaction begins; who changes the same record waits for it to end."""
        if change.resource in self.busy or not self.line.is_up:
            self.virtual_clock.after(0.01, self._begin, change)
            return
        self.busy.add(change.resource)
        self.tables.writing.add(_named(change))
        version = self.versions[change.resource] = self.versions.get(change.resource, 0) + 1
        now = self.tables.now
        made = [
            Delivery(
                id=self.tables.number(),
                webhook_id=row.webhook.id,
                event_id=0,
                reseller_id=row.webhook.reseller_id,
                resource="COMPANY",
                action="CHANGED",
                resource_uuid=f"r{change.resource}",
                version=version,
                attempts=0,
                created_at=now,
                next_at=now,
                replay_of=None,
            )
            for row in self.tables.webhooks.values()
            if not row.deleted
        ]
        self.virtual_clock.after(change.late_s, self._commit, change, made, self._maker())

    def _commit(self, change: Change, made: list[Delivery], maker: Maker | None) -> None:
        self.tables.writing.discard(_named(change))
        if not self.line.is_up:
            self.virtual_clock.after(0.5, self._roll_back, change)
            return
        self.busy.discard(change.resource)
        self.uncommitted -= 1
        made = self._fan_out(change, made)
        self.tables.commit(made)
        self.watch.commits(made)
        if made:
            first, last = made[0], made[-1]
            text = "commits {} v{}: deliveries {} to {}"
            self.trace.note("store", text, first.resource_uuid, first.version, first.id, last.id)
        if maker and made:
            self._hand_over(made, maker)
        for worker in self.every:
            if not worker.is_gone and self.rng.random() > self.plan.lost_pokes:
                self.virtual_clock.after(self.line.delay_s(), worker.poke)

    def _maker(self) -> Maker | None:
        """A worker whose own process makes a change; None: another process does."""
        live = [worker for worker in self.every if not worker.is_gone]
        if not live or self.rng.random() > HANDED_OVER:
            return None
        worker = self.rng.choice(live)
        return worker, worker.loop.time()

    def _hand_over(self, made: list[Delivery], maker: Maker) -> None:
        """A worker gets the deliveries that its process has made: soon, or after others did."""
        worker, began_at = maker
        delay_s = self.rng.choice([0.0, self.line.delay_s(), self.rng.uniform(0.0, 2.0)])
        self.virtual_clock.after(delay_s, worker.take_made, made, began_at)

    def _fan_out(self, change: Change, made: list[Delivery]) -> list[Delivery]:
        """The deliveries that come with the commit; none where they are left to steps."""
        record, version = f"r{change.resource}", self.versions[change.resource]
        if self.fan_outs.takes(record, version, is_large=change.is_large):
            self.trace.note("store", "commits {} v{}: to be told in steps", record, version)
            return []
        return [one for one in made if not self.tables.webhooks[one.webhook_id].deleted]

    def _roll_back(self, change: Change) -> None:
        """Nothing was acknowledged; whoever sent it sends it again."""
        self.busy.discard(change.resource)
        self.versions[change.resource] -= 1
        self._begin(change)

    # --- workers and faults

    def _start(self, place: int) -> None:
        name = f"{'abc'[place]}{sum(one.name[0] == 'abc'[place] for one in self.every) + 1}"
        worker = Worker(name, self.virtual_clock, self.line, self.network, self.watch, self.rng)
        self.places[place] = worker
        self.every.append(worker)
        self.trace.note(name, "starts")
        worker.on_gone = lambda: self._gone(place, worker)

    def _gone(self, place: int, worker: Worker) -> None:
        self.trace.note(worker.name, "is gone")
        if self.places[place] is worker:
            self.places[place] = None
            self.virtual_clock.after(worker.restart_s, self._start, place)

    def _fault(self, fault: Fault) -> None:
        for_s, now = fault.for_s, self.virtual_clock.after
        self.trace.note("fault", "{} {}, {:.1f} s", _whom(self, fault), fault.kind.value, for_s)
        if fault.kind is Kind.OUTAGE:
            self.line.is_up = False
            now(for_s, setattr, self.line, "is_up", True)
        elif fault.kind is Kind.STORE_CLOCK:
            self._step_store(fault.by_s)
            now(for_s, self._step_store, -fault.by_s)
        elif fault.kind in OF_WEBHOOKS:
            self._change_webhook(fault)
        elif worker := self.places[fault.target]:
            self._fault_of(worker, fault)

    def _fault_of(self, worker: Worker, fault: Fault) -> None:
        for_s, now = fault.for_s, self.virtual_clock.after
        worker.restart_s = for_s
        match fault.kind:
            case Kind.KILL:
                worker.kill()
            case Kind.STOP:
                worker.stop()
            case Kind.FREEZE:
                worker.freeze()
                now(for_s, worker.thaw)
            case Kind.CUT:
                worker.port.is_cut = True
                now(for_s, setattr, worker.port, "is_cut", False)
            case Kind.ISLAND:
                worker.uplink.is_cut = True
                now(for_s, setattr, worker.uplink, "is_cut", False)
            case Kind.WORKER_CLOCK:
                worker.wall_off += int(fault.by_s * SECOND)

    def _step_store(self, by_s: float) -> None:
        self.tables.stepped += int(by_s * SECOND)
        self.trace.note("store", "its clock is stepped by {:.0f} s", by_s)

    def _change_webhook(self, fault: Fault) -> None:
        """The transaction begins, and draws a revision."""
        known = fault.kind is Kind.ADD or fault.target in self.tables.webhooks
        if fault.target in self.locked or not known:
            self.virtual_clock.after(0.1, self._change_webhook, fault)
            return
        self.locked.add(fault.target)
        revision = self.tables.revise()
        if fault.late_s:
            self.virtual_clock.after(fault.late_s, self._commit_webhook, fault, revision)
        else:
            self._commit_webhook(fault, revision)

    def _commit_webhook(self, fault: Fault, revision: int) -> None:
        self.locked.discard(fault.target)
        self.uncommitted -= 1
        if fault.kind is Kind.ADD:
            new = next(one for one in self.plan.webhooks if one.id == fault.target)
            self.tables.webhooks[fault.target] = WebhookRow(new)
        row = self.tables.webhooks[fault.target]
        self.tables.revised_as(row, revision)
        if fault.late_s:
            self.trace.note("store", "commits: webhook {} {}", fault.target, fault.kind.value)
        self._change_row(fault, row)

    def _change_row(self, fault: Fault, row: WebhookRow) -> None:
        match fault.kind:
            case Kind.DELETE:
                row.deleted = True
                for one in list(self.tables.pending[fault.target].values()):
                    self.tables.close(one, State.CANCELLED)
            case Kind.HURRY:
                self.tables.hurry(fault.target)
            case Kind.MOVE:
                url = row.webhook.url.removesuffix(MOVED)
                moved = url if url != row.webhook.url else url + MOVED
                row.webhook = replace(row.webhook, url=moved)
            case Kind.PAUSE:
                row.webhook = replace(row.webhook, state=WebhookState.PAUSED)
                self.virtual_clock.after(fault.for_s, self._resume, fault.target)
            case Kind.UNREADABLE:
                blank = replace(row.webhook, auth=NoAuth(), secret="")
                row.webhook = replace(blank, unreadable=(SecretPurpose.SIGNING_SECRET,))
                self.virtual_clock.after(fault.for_s, self._make_readable, fault.target)

    def _make_readable(self, webhook_id: int) -> None:
        row = self.tables.webhooks[webhook_id]
        was = next(one for one in self.plan.webhooks if one.id == webhook_id)
        row.webhook = replace(row.webhook, auth=was.auth, secret=was.secret, unreadable=())
        self.tables.revised_as(row, self.tables.revise())

    def _resume(self, webhook_id: int) -> None:
        if webhook_id in self.locked:
            self.virtual_clock.after(0.1, self._resume, webhook_id)
            return
        row = self.tables.webhooks[webhook_id]
        row.webhook = replace(row.webhook, state=WebhookState.ACTIVE)
        self.tables.revised_as(row, self.tables.revise())


@contextmanager
def _the_world_is(run: Run) -> Iterator[None]:
    """The clock is the run's, and so is the log. The look over everything, which would hide
    that something was missed, never comes."""
    before = clock.now, engine.FULL_SWEEP_S, structlog.get_config()

    def now() -> int:
        loop = asyncio.get_running_loop()
        return next(one.wall() for one in run.every if one.loop is loop)

    def logged(_: Any, method: str, event: MutableMapping[str, Any]) -> str:
        loop = asyncio.get_running_loop()
        who = next((one.name for one in run.every if one.loop is loop), "?")
        what = event.pop("event")
        if event.keys() >= {"reason", "count"}:
            raise structlog.DropEvent  # log_refusal: when a line is due, this machine's clock says
        run.trace.note(who, "{} {}", what, event or "")
        if method in ("error", "exception") and "suspected" not in what:
            run.watch.broken(MISTAKE_REPORTED, f"{who}: {what} {event}")
        raise structlog.DropEvent

    clock.now, engine.FULL_SWEEP_S = now, inf
    structlog.configure(processors=[logged], wrapper_class=structlog.stdlib.BoundLogger)
    try:
        yield
    finally:
        clock.now, engine.FULL_SWEEP_S = before[0], before[1]
        structlog.configure(**before[2])


def _named(change: Change) -> str:
    """What the store calls the transaction."""
    return f"{change.at} {change.resource}"


def _described(plan: Plan, number: int) -> str:
    one = next(one for one in plan.webhooks if one.id == number)
    moods = ", ".join(f"{s.begin:.0f}-{s.end:.0f} s {s.mood.value}" for s in plan.moods[number])
    order = " ordered" if one.ordered else ""
    limits = f"cap {one.max_in_flight} rate {one.rate_per_second}"
    return f"webhook {number} {one.mode}{order} {limits}: {moods}"


def _whom(run: Run, fault: Fault) -> str:
    if fault.kind in (Kind.OUTAGE, Kind.STORE_CLOCK):
        return ""
    if fault.kind in OF_WEBHOOKS:
        return str(fault.target)
    worker = run.places[fault.target]
    return worker.name if worker else "nobody"
