"""A delivery: one event on its way to one webhook. Owns its states and every legal step.

What is made anew for each attempt is a named tuple: a frozen dataclass takes five times as long.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.rules import Rule, implements

MICROS_PER_S = 1_000_000


class State(StrEnum):
    """States of a delivery. Only PENDING can still change."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"


class Trigger(StrEnum):
    """Triggers of state changes."""

    ACCEPT = "the receiver accepted it"
    WAIT = "an attempt failed and the schedule has another"
    GIVE_UP = "the last attempt failed, or it waited for too long"
    CANCEL = "its webhook was deleted, or a person cancelled it"
    SUPERSEDE = "a newer event of the same resource takes its place"


STEPS: dict[tuple[State, Trigger], State] = {
    (State.PENDING, Trigger.ACCEPT): State.DELIVERED,
    (State.PENDING, Trigger.WAIT): State.PENDING,
    (State.PENDING, Trigger.GIVE_UP): State.FAILED,
    (State.PENDING, Trigger.CANCEL): State.CANCELLED,
    (State.PENDING, Trigger.SUPERSEDE): State.SUPERSEDED,
}
"""Every legal step: those of an attempt are made below, others by store/deliveries/closing.py."""


class Delivery(NamedTuple):
    """An unfinished delivery, as the engine scans it. Instants are microseconds UTC.

    version: of the resource, so that ordered webhooks can keep versions in order.
    attempts: made so far. next_at: when the next attempt is due.
    replay_of: the delivery that a person asked to repeat, or None.
    """

    id: int
    webhook_id: int
    event_id: int
    reseller_id: int
    resource: str
    action: str
    resource_uuid: str
    version: int
    attempts: int
    created_at: int
    next_at: int
    replay_of: int | None


ScanPosition = tuple[int, int]
"""Of a delivery among those of its webhook, first due first: when it is due, and its id."""
FIRST: ScanPosition = (0, 0)


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A scan of a webhook for new deliveries; those in `held` are known already.

    heads_only: only the earliest unfinished version of each resource.
    after: where to begin; none of what lies before that is wanted, and all that is held does.
    """

    webhook_id: int
    heads_only: bool
    limit: int
    held: frozenset[int]
    after: ScanPosition = FIRST


class Transition(NamedTuple):
    """The transition of a delivery after an attempt; next_at only while it stays pending.

    scheduled_at: microseconds UTC, what the clock said when next_at was chosen.
    """

    state: State
    next_at: int | None = None
    scheduled_at: int | None = None

    @implements(Rule.WRITE_WAIT)
    def due_at(self, now: int) -> int | None:
        """The due time of the next attempt, by a clock that says `now`; None if none follows.

        A clock that was stepped back meanwhile says less than it did then. The whole wait begins
        anew, so that nothing waits longer than that.
        """
        if self.next_at is None or self.scheduled_at is None:
            return self.next_at
        return min(self.next_at, now + self.next_at - self.scheduled_at)


DELIVERED = Transition(STEPS[State.PENDING, Trigger.ACCEPT])
"""The step after an attempt that was accepted."""


def after_attempt(
    attempts: int, attempt: Attempt, *, policy: RetryPolicy, now: int, chance: float
) -> Transition:
    """The step a delivery takes once an attempt has come back.

    attempts: made so far, this one included. now: microseconds UTC.
    """
    if attempt.accepted:
        return DELIVERED
    wait_s = policy.wait_s(attempts, chance, attempt.retry_after_s)
    if wait_s is None:
        return Transition(STEPS[State.PENDING, Trigger.GIVE_UP])
    return wait_step(wait_s, now=now)


def wait_step(wait_s: float, *, now: int) -> Transition:
    """The step of a delivery whose next attempt is due after a wait. now: microseconds UTC."""
    return Transition(STEPS[State.PENDING, Trigger.WAIT], now + int(wait_s * MICROS_PER_S), now)


class AttemptResult(NamedTuple):
    """An attempt and the transition of its delivery, to be written.

    number: of the attempt, from 1. at: microseconds UTC, when it started.
    part, epoch: the lease it was made under; the result of a former owner is not written.
    """

    delivery: Delivery
    number: int
    at: int
    attempt: Attempt
    step: Transition
    part: int = 0
    epoch: int = 0
