"""Removals of the rules about steps of the clock."""

from collections.abc import Mapping
from enum import StrEnum

from reseller_webhooks.core.deliveries.delivery import Transition
from reseller_webhooks.core.rules import Rule
from reseller_webhooks.engine.dispatch.scheduler import Scheduler
from tests.simulation.plan import Profile
from tests.simulation.removal import Removal, instead, returning, returning_later
from tests.simulation.store_rules import StoreRule


def due_as_scheduled(step: Transition, now: int) -> int | None:
    return step.next_at


def shift_no_circuit(scheduler: Scheduler, by: int) -> None:
    scheduler.clock_steps += 1
    scheduler.waits_suspect.set()


CLOCK_REMOVALS: Mapping[StrEnum, Removal] = {
    Rule.PULL_BACK: Removal(returning_later(None), Profile.CLOCKS),
    Rule.WRITE_WAIT: Removal(instead(due_as_scheduled), Profile.CLOCKS),
    Rule.LEASES_AFTER_STEP: Removal(returning(None), Profile.CLOCKS),
    Rule.SHIFT_CIRCUITS: Removal(instead(shift_no_circuit), Profile.CLOCKS),
    StoreRule.LEASE_TIMES: Removal(returning(None), Profile.CLOCKS),
}
