"""Fan-out: which webhooks an event goes to, and whether within its transaction or in steps after.

An event goes to a webhook of the same reseller and resource that has at least one of the event's
checkboxes ticked; the store's INSERT ... SELECT says the same in SQL. An event makes at most one
delivery per webhook, however many match.

A transaction writes a bounded number of deliveries. A request that needs more leaves those of its
largest resellers to steps, and commits with their events alone. A later event of the same record
follows in steps too, or it would overtake the earlier one.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import ceil

from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.core.step_size import STEP_S, next_size
from reseller_webhooks.core.webhooks.webhook import Webhook

DELIVERIES_MAX = 5_000
"""Deliveries that one transaction writes; SQLite takes 20 ms for as many, PostgreSQL 60 ms."""
PENDING_MAX = 5_000
"""Events of a reseller whose deliveries are still to be made, before large requests are refused. A
request has 1,000 changes at most, so one is always taken when none is pending."""
DELIVERIES_PER_S = 5_000
"""Deliveries that steps make in a second at most, where other work goes on beside them."""
RETRY_MAX_S = 120
STEP_DELIVERIES_MIN = 100


@dataclass(frozen=True, slots=True)
class FanOutStep:
    """The result of a step. reseller_id: the reseller of the fan-out.

    events: events whose deliveries were written; 0 if another worker runs this reseller's steps.
    took_s: without the wait for the store's writer. statements_s: of this, without the commit.
    target_s: how long the statements should take.
    """

    reseller_id: int
    events: int
    took_s: float
    statements_s: float
    target_s: float = STEP_S


def matches(webhook: Webhook, event: Event) -> bool:
    """True if the event makes a delivery for the webhook."""
    return (
        webhook.reseller_id == event.reseller_id
        and webhook.resource is event.resource
        and not webhook.actions.isdisjoint(event.ticked)
    )


def matching(webhooks: Iterable[Webhook], event: Event) -> list[Webhook]:
    """The webhooks that get a delivery of the event."""
    return [webhook for webhook in webhooks if matches(webhook, event)]


def left_to_steps(needed: Mapping[int, int]) -> set[int]:
    """The resellers of a request whose deliveries follow in steps: the largest.

    needed: the deliveries of each reseller. The transaction makes those of the smallest, so that a
    reseller's few changes do not wait for another's many.
    """
    total, made = 0, set[int]()
    for reseller_id, deliveries in sorted(needed.items(), key=lambda one: one[1]):
        total += deliveries
        if total <= DELIVERIES_MAX:
            made.add(reseller_id)
    return needed.keys() - made


def excess(pending: int, more: int) -> int:
    """The number of pending events by which a reseller would exceed PENDING_MAX with `more`."""
    return max(0, pending + more - PENDING_MAX)


def retry_after_s(excess: int, webhooks: int, *, oldest_s: float) -> int:
    """Seconds until steps have probably made the deliveries of so many events.

    oldest_s: since when the oldest event of the reseller is pending. Steps go by the age of events,
    so in that time they came through about PENDING_MAX of them.
    """
    wait_s = max(excess * webhooks / DELIVERIES_PER_S, excess * oldest_s / PENDING_MAX)
    return min(max(1, ceil(wait_s)), RETRY_MAX_S)


def count_that_fits(deliveries: Sequence[int]) -> int:
    """The number of first requests that share a transaction, by the deliveries that each may
    need."""
    total = 0
    for count, needed in enumerate(deliveries):
        total += min(needed, DELIVERIES_MAX)
        if count and total > DELIVERIES_MAX:
            return count
    return len(deliveries)


def record_of(event: Event) -> RecordKey:
    """The record that the event is about."""
    return RecordKey(event.resource_uuid, event.resource, event.reseller_id)


@implements(Rule.FAN_OUT_ORDER)
def follows_in_steps(event: Event, *, is_of_large_request: bool, behind: Set[RecordKey]) -> bool:
    """True if an event's deliveries are made after its transaction.

    behind: records with an earlier event whose deliveries are still to be made.
    """
    return is_of_large_request or record_of(event) in behind


def next_limit(limit: int, step: FanOutStep) -> int:
    """Deliveries of the step after this one, which had a limit."""
    return next_size(
        limit, step.statements_s, step.target_s, least=STEP_DELIVERIES_MIN, most=DELIVERIES_MAX
    )
