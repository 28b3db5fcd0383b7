"""Rules of the engine, each with a way to take it out, in memory only: do the invariants notice?

A simulation that finds nothing proves little until it is seen to find what is known to be wrong.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from reseller_webhooks.core.deliveries import circuits, fan_out_rules
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import Webhook, WebhookState
from reseller_webhooks.engine.dispatch.dead_receivers import DeadReceivers
from reseller_webhooks.engine.dispatch.dispatcher import Dispatcher
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.fair_shares import FairShares
from reseller_webhooks.engine.ownership.egress_health import EgressHealth
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.result_writer import ResultWriter
from tests.simulation.clock_mutations import CLOCK_RULES
from tests.simulation.plan import Profile
from tests.simulation.store import Port
from tests.simulation.tables import Tables


@dataclass(frozen=True, slots=True)
class Removal:
    """What stands in place of `name` of `owner` while the rule is taken out."""

    owner: Any
    name: str
    instead: Any


@contextmanager
def removed(rule: str) -> Iterator[None]:
    """The engine without a rule, as long as the block lasts."""
    removals = given if isinstance(given := RULES[rule], tuple) else (given,)
    before = [(one, getattr(one.owner, one.name)) for one in removals]
    for one in removals:
        setattr(one.owner, one.name, one.instead)
    try:
        yield
    finally:
        for one, original in before:
            setattr(one.owner, one.name, original)


def _always(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


_found, _tell, _ask, _start, _beat = (
    WebhookQueue.complete_scan,
    WebhookQueue.mark_dirty,
    WebhookQueue.begin_scan,
    WebhookQueue.start,
    Port.heartbeat,
)
_bring, _look, _learn = Scheduler.accept_new, WebhookQueue.schedule_scan, Scheduler.update_webhooks


def _found_all(queue: WebhookQueue, found: Any, *now: Any) -> None:
    queue._written_during_scan.clear()
    _found(queue, found, *now)


def _ask_for_all(queue: WebhookQueue) -> Any:
    return replace(_ask(queue), held=frozenset())


def _found_though_closed(queue: WebhookQueue, found: Any, *now: Any) -> None:
    closed, queue._closed = queue._closed, False
    _found(queue, found, *now)
    queue._closed = closed


def _bring_all(scheduler: Scheduler, some: Any, asked_at: float, written: Any) -> None:
    _bring(scheduler, some, asked_at, frozenset())


def _learn_in_no_hurry(scheduler: Scheduler, known: Any) -> None:
    calm = [one.webhook and replace(one.webhook, hurried_at=0) for one in known]
    _learn(scheduler, [replace(one, webhook=its) for one, its in zip(known, calm, strict=True)])


def _look_but_go_on(queue: WebhookQueue, at: float) -> None:
    after = queue._scan_position
    _look(queue, at)
    queue._scan_position = after


def _look_forgetful(queue: WebhookQueue, at: float) -> None:
    queue.scan_at = min(queue.scan_at, at)


def _start_at_any_rate(queue: WebhookQueue, at: float) -> Any:
    rate_at = queue._rate_at
    due = _start(queue, at)
    queue._rate_at = rate_at
    return due


def _held_back_beyond_cap(queue: WebhookQueue, now: int, at: float) -> HeldBack | None:
    if at < queue._earliest_start:
        return HeldBack.RATE
    return None if queue.in_flight < circuits.limit(queue.circuit, 10_000, now) else HeldBack.CAP


def _no_circuit(circuit: circuits.Circuit, cap: int, now: int) -> int:
    return cap


def _no_ramp(circuit: circuits.Circuit, cap: int, now: int) -> int:
    if circuit.is_open:
        return 1 if now >= circuit.probe_at else 0
    return cap


async def _beat_greedy(port: Port, *, lapsed_too: bool, **given: Any) -> Any:
    return await _beat(port, lapsed_too=True, **given)


async def _write_once(result_writer: ResultWriter, batch: Any, circuits: Mapping[int, Any]) -> None:
    try:
        await result_writer._store.write_results(batch, circuits)
    except Unavailable:
        return


async def _never(_: Engine) -> None:
    await asyncio.Event().wait()


def _may_leave_unsigned(dispatcher: Dispatcher, queue: WebhookQueue, _: Webhook) -> bool:
    owner = dispatcher._owner
    return owner.in_time() and owner.epoch(queue.part) == queue.epoch


def _forget_writers(horizon: Horizon, newest: int, writers: Any) -> tuple[Horizon, int]:
    return Horizon(max(newest, horizon.newest)), horizon.newest


def _add_once(timers: TimerHeap, at: float, queue: WebhookQueue) -> None:
    if queue not in timers._scheduled:
        _agenda_add(timers, at, queue)


_agenda_add = TimerHeap.schedule


def _by_age_alone(circuit: circuits.Circuit, *, now: int, span_s: float) -> int:
    return now - int(span_s * 1_000_000)


def _as_it_is(_: Dispatcher, queue: WebhookQueue, made: Any) -> Any:
    return made


def _only_large(event: Any, *, is_of_large_request: bool, behind: Any) -> bool:
    return is_of_large_request


async def _nothing(_: DeadReceivers, queue: WebhookQueue) -> int:
    return 0


PROFILES = {
    "rule 4: also once the access token has come": Profile.TOKENS,
    "rule 5: wait for a former owner's requests": Profile.WORKERS,
    "rule 6: the fence": Profile.STORE,
    "go on after a time without leases": Profile.OUTAGE,
    "look again at what was superseded": Profile.CALM,
    "an earlier time stands for a later one": Profile.RETRIES,
    "nothing is sent to what is paused": Profile.CALM,
    "what waits is tried when somebody asks": Profile.RETRIES,
    "rule 8: after an outage leave others' leases alone": Profile.OUTAGE,
    "the share of slots": Profile.RESELLERS,
    "resellers first, then webhooks": Profile.RESELLERS,
    "suspect oneself": Profile.ISLAND,
    **dict.fromkeys(CLOCK_RULES, Profile.CLOCKS),
    "what is older than its schedule is given up": Profile.DEAD,
    "only what a dead receiver never took is given up": Profile.DEAD,
    "the newest state of a record is kept": Profile.DEAD,
    "the newest state waits beyond its schedule": Profile.DEAD,
    "wait for who is still writing": Profile.LATE,
    "a request leaves only by the settings of now": Profile.LATE,
    "a later change waits for the steps of an earlier one": Profile.FANOUT,
}
"""Rules of which one kind of trouble tells most, or alone tells anything."""
RULES: dict[str, Removal | tuple[Removal, ...]] = {
    "rule 3: give back only what is idle": Removal(
        Leases, "_releasable", lambda self, _: self._draining
    ),
    "rule 3: start nothing for what is being given back": Removal(
        Scheduler, "drain", _always(None)
    ),
    "rule 4: start only before the deadline": Removal(Leases, "in_time", _always(True)),
    "rule 4: also once the access token has come": Removal(Dispatcher, "_may_send", _always(True)),
    "rule 5: wait for a former owner's requests": Removal(Leases, "hold_s", _always(0.0)),
    "rule 6: the fence": Removal(Tables, "_owns", _always(True)),
    "rule 7: ignore what was written since the scan began": Removal(
        WebhookQueue, "complete_scan", _found_all
    ),
    "rule 7, and do not ask again for what is held": (
        Removal(WebhookQueue, "complete_scan", _found_all),
        Removal(WebhookQueue, "begin_scan", _ask_for_all),
    ),
    "rule 8: after an outage leave others' leases alone": Removal(Port, "heartbeat", _beat_greedy),
    "rule 9: write results until the store answers": Removal(ResultWriter, "_write", _write_once),
    "go on after a time without leases": Removal(Scheduler, "resume", _always(None)),
    "one request of a resource at once": Removal(Webhook, "is_serial", property(_always(False))),
    "a closed queue takes nothing from a scan": Removal(
        WebhookQueue, "complete_scan", _found_though_closed
    ),
    "remember what is learned during a scan": Removal(
        WebhookQueue, "schedule_scan", _look_forgetful
    ),
    "look again at what was superseded": Removal(
        WebhookQueue, "mark_dirty", lambda self: self.schedule_scan(0.0)
    ),
    "ask a second time for late commits": Removal(Engine, "_rescan_late", _never),
    "wait for who is still writing": Removal(Horizon, "advanced", _forget_writers),
    "a request leaves only by the settings of now": Removal(
        WebhookQueue, "may_send", _always(True)
    ),
    "a later change waits for the steps of an earlier one": Removal(
        fan_out_rules, "follows_in_steps", _only_large
    ),
    "an earlier time stands for a later one": Removal(TimerHeap, "schedule", _add_once),
    "the webhook's cap": Removal(WebhookQueue, "held_back_by", _held_back_beyond_cap),
    "what was written since the store was asked": Removal(Scheduler, "accept_new", _bring_all),
    "scan from the start when told": Removal(WebhookQueue, "schedule_scan", _look_but_go_on),
    "nothing is sent to what is paused": Removal(
        WebhookQueue, "_is_sending", property(lambda queue: not queue._closed)
    ),
    "nothing is sent while secrets do not open": (
        Removal(Webhook, "may_send", property(lambda one: one.state is WebhookState.ACTIVE)),
        Removal(Dispatcher, "_may_send", _may_leave_unsigned),
    ),
    "what waits is tried when somebody asks": Removal(
        Scheduler, "update_webhooks", _learn_in_no_hurry
    ),
    "the rate per second": Removal(WebhookQueue, "start", _start_at_any_rate),
    "single probes while the circuit is open": Removal(circuits, "limit", _no_circuit),
    "the ramp after an outage": Removal(circuits, "limit", _no_ramp),
    "the share of slots": Removal(FairShares, "admits", lambda shares, _: shares.free > 0),
    "resellers first, then webhooks": Removal(FairShares, "load", lambda _, __, own: own),
    "what is older than its schedule is given up": Removal(
        DeadReceivers, "_give_up_batch", _nothing
    ),
    "only what a dead receiver never took is given up": Removal(
        circuits, "given_up_before", _by_age_alone
    ),
    "the newest state waits beyond its schedule": Removal(
        Dispatcher, "_result_to_write", _as_it_is
    ),
    "the newest state of a record is kept": Removal(Tables, "is_kept", _always(False)),
    "suspect oneself": Removal(EgressHealth, "_is_unreachable", _always(False)),
    **{name: Removal(*instead) for name, instead in CLOCK_RULES.items()},
}
