"""Takes rules of the engine out, in memory: do the invariants notice?

A simulation that finds nothing proves little until it is seen to find known mistakes.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.rules import IMPLEMENTATIONS, Rule
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from reseller_webhooks.engine.dispatch.timers import TimerHeap
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from reseller_webhooks.engine.fair_shares import FairShares
from tests.simulation.clock_mutations import CLOCK_REMOVALS
from tests.simulation.plan import Profile
from tests.simulation.removal import (
    Function,
    Removal,
    Replace,
    instead,
    returning,
    returning_later,
)
from tests.simulation.store_rules import StoreRule


@contextmanager
def removed(rule: StrEnum) -> Iterator[None]:
    """The engine without a rule, as long as the block lasts."""
    removal = REMOVALS[rule]
    with ExitStack() as stack:
        for name, replacing in {rule: removal.replace, **removal.beside}.items():
            stack.enter_context(_swapped(IMPLEMENTATIONS[name], replacing))
        yield


@contextmanager
def _swapped(function: Function, replacing: Replace) -> Iterator[None]:
    owner, name = owner_of(function)
    before = vars(owner)[name]
    replacement = replacing(function)
    setattr(owner, name, property(replacement) if isinstance(before, property) else replacement)
    try:
        yield
    finally:
        setattr(owner, name, before)


def owner_of(function: Function) -> tuple[Any, str]:
    """The class or module of a function, and its name there."""
    *path, name = function.__qualname__.split(".")
    return reduce(getattr, path, sys.modules[function.__module__]), name


# --- ownership


def return_draining(draining: frozenset[int], busy: Any) -> frozenset[int]:
    return draining


# --- reads


def keep_written(written: Any, due: Any) -> list[Any]:
    return list(due)


def scan_all(begin_scan: Function) -> Function:
    return lambda queue: replace(begin_scan(queue), held=frozenset())


def accept_all(accept_new: Function) -> Function:
    return lambda scheduler, new, read_at, _: accept_new(scheduler, new, read_at, frozenset())


def forget_changes_during_scan(schedule_scan: Function) -> Function:
    def replacement(queue: WebhookQueue, at: float) -> None:
        during_scan = queue.scan_at_during_scan
        schedule_scan(queue, at)
        queue.scan_at_during_scan = during_scan

    return replacement


def continue_scan(schedule_scan: Function) -> Function:
    def replacement(queue: WebhookQueue, at: float) -> None:
        position = queue.scan_position
        schedule_scan(queue, at)
        queue.scan_position = position

    return replacement


def scan_without_dropping(queue: WebhookQueue) -> None:
    queue.schedule_scan(0.0)


async def rescan_never(engine: Any) -> None:
    await asyncio.Event().wait()


def forget_writers(horizon: Horizon, newest: int, writers: Any) -> tuple[Horizon, int]:
    return Horizon(max(newest, horizon.newest)), horizon.newest


def keep_first_visit(schedule: Function) -> Function:
    def replacement(timers: TimerHeap, at: float, queue: WebhookQueue) -> None:
        if queue not in timers.visits:
            schedule(timers, at, queue)

    return replacement


def ignore_requests_to_retry(update_webhooks: Function) -> Function:
    def replacement(scheduler: Scheduler, snapshots: Any) -> None:
        webhooks = [one.webhook and replace(one.webhook, hurried_at=0) for one in snapshots]
        pairs = zip(snapshots, webhooks, strict=True)
        update_webhooks(scheduler, [replace(one, webhook=webhook) for one, webhook in pairs])

    return replacement


# --- starts


def start_beyond_cap(held_back_by: Function) -> Function:
    def replacement(queue: WebhookQueue, now: int, at: float) -> HeldBack | None:
        reason = held_back_by(queue, now, at)
        return None if reason is HeldBack.CAP else reason

    return replacement


def start_at_any_rate(start: Function) -> Function:
    def replacement(queue: WebhookQueue, at: float) -> Any:
        webhook = queue.webhook
        queue.webhook = replace(webhook, rate_per_second=None)
        due = start(queue, at)
        queue.webhook = webhook
        return due

    return replacement


def limit_without_circuit(circuit: Circuit, cap: int, now: int) -> int:
    return cap


def limit_without_ramp(limit: Function) -> Function:
    return lambda circuit, cap, now: limit(replace(circuit, ramp=None), cap, now)


def admit_while_free(shares: FairShares, load: int) -> bool:
    return shares.free > 0


def load_of_webhook(shares: FairShares, reseller_id: int, own: int) -> int:
    return own


def in_steps_if_large(event: Any, *, is_of_large_request: bool, behind: Any) -> bool:
    return is_of_large_request


def blank_key(secret: str) -> HMAC:
    return HMAC(b"", SHA256())


# --- results


def write_once(try_write: Function) -> Function:
    async def replacement(*batch: Any) -> bool:
        await try_write(*batch)
        return True

    return replacement


def given_up_by_age(circuit: Circuit, *, now: int, span_s: float) -> int:
    return now - int(span_s * 1_000_000)


def result_as_it_is(dispatcher: Any, queue: WebhookQueue, result: Any) -> Any:
    return result


REMOVALS: Mapping[StrEnum, Removal] = {
    Rule.RELEASE_IDLE: Removal(instead(return_draining)),
    Rule.DRAIN: Removal(returning(None)),
    Rule.DEADLINE: Removal(returning(True)),
    Rule.SEND_CHECK: Removal(returning(True), Profile.TOKENS),
    Rule.FORMER_OWNER: Removal(returning(0.0), Profile.WORKERS),
    StoreRule.FENCE: Removal(returning(True), Profile.STORE),
    Rule.LAPSED_LEASES: Removal(returning(True), Profile.OUTAGE),
    Rule.RESUME: Removal(returning(None), Profile.OUTAGE),
    Rule.EGRESS_HEALTH: Removal(returning(False), Profile.ISLAND),
    Rule.IGNORE_WRITTEN_SCANNED: Removal(instead(keep_written)),
    Rule.SKIP_HELD: Removal(scan_all, beside={Rule.IGNORE_WRITTEN_SCANNED: instead(keep_written)}),
    Rule.IGNORE_WRITTEN_NEW: Removal(accept_all),
    Rule.IGNORE_WRITTEN_HANDED: Removal(returning(False)),
    Rule.SCAN_AFTER_HANDOVER: Removal(returning(True)),
    Rule.CLOSED_QUEUE: Removal(returning(True)),
    Rule.CHANGES_DURING_SCAN: Removal(forget_changes_during_scan),
    Rule.RESTART_SCAN: Removal(continue_scan),
    Rule.DROP_SUPERSEDED: Removal(instead(scan_without_dropping), Profile.CALM),
    Rule.RESCAN_LATE: Removal(instead(rescan_never)),
    Rule.HORIZON: Removal(instead(forget_writers), Profile.LATE),
    Rule.EARLIER_VISIT: Removal(keep_first_visit, Profile.RETRIES),
    Rule.RETRY_NOW: Removal(ignore_requests_to_retry, Profile.RETRIES),
    Rule.SERIAL: Removal(returning(False)),
    Rule.FAN_OUT_ORDER: Removal(instead(in_steps_if_large), Profile.FANOUT),
    Rule.CURRENT_SETTINGS: Removal(returning(True), Profile.LATE),
    Rule.PAUSED: Removal(instead(lambda webhook: not webhook.unreadable), Profile.CALM),
    Rule.READABLE_SECRETS: Removal(
        instead(lambda webhook: webhook.state is WebhookState.ACTIVE),
        Profile.CALM,
        beside={Rule.VALID_KEYS: instead(blank_key)},
    ),
    Rule.VALID_KEYS: Removal(instead(blank_key), Profile.CALM),
    Rule.CAP: Removal(start_beyond_cap),
    Rule.RATE: Removal(start_at_any_rate),
    Rule.PROBES: Removal(instead(limit_without_circuit)),
    Rule.RAMP: Removal(limit_without_ramp),
    Rule.FAIR_SHARES: Removal(instead(admit_while_free), Profile.RESELLERS),
    Rule.RESELLERS_FIRST: Removal(instead(load_of_webhook), Profile.RESELLERS),
    Rule.REPEAT_WRITES: Removal(write_once),
    Rule.GIVE_UP: Removal(returning_later(0), Profile.DEAD),
    Rule.GIVE_UP_DEAD_ONLY: Removal(instead(given_up_by_age), Profile.DEAD),
    StoreRule.KEEP_LATEST_STATE: Removal(returning(False), Profile.DEAD),
    Rule.LATEST_STATE_WAITS: Removal(instead(result_as_it_is), Profile.DEAD),
    **CLOCK_REMOVALS,
}
