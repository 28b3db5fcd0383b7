"""The invariants of receivers that are dead for good: nothing piles up, nothing goes too early."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries.attempts import Attempt
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook import WebhookState
from tests.simulation.plan import Plan, Profile
from tests.simulation.request import Request
from tests.simulation.tables import Closed, Tables

WITHIN_S = 15.0
"""What is older than its schedule is gone within this: a few looks of the engine."""
HAIR = SECOND // 10


@dataclass(slots=True)
class Abandoned:
    """Sees every attempt as its worker learned of it."""

    plan: Plan
    tables: Tables
    broken: Callable[[str, object], None]
    accepted_at: dict[int, list[Micros]] = field(default_factory=lambda: defaultdict(list))

    @property
    def span(self) -> Micros:
        """The longest time that a whole schedule takes."""
        return int(RetryPolicy(self.plan.waits_s).span_s(self.plan.timeout_s) * SECOND)

    def told(self, request: Request, attempt: Attempt) -> None:
        """A worker has an attempt."""
        if attempt.accepted:
            self.accepted_at[request.webhook.id].append(self.tables.now)
        elif self.plan.profile is Profile.DEAD:
            self._nothing_piles_up(request.webhook.id)

    def latest_state_came(self, one: Delivery) -> None:
        """Called at the end: dead receivers are back, and have the newest state of each record."""
        closed = self.tables.closed.get(one.id)
        row = self.tables.webhooks[one.webhook_id]
        is_concerned = self.plan.profile is Profile.DEAD and one.webhook_id % 2 and not row.deleted
        if closed and is_concerned and closed.state is State.FAILED and self._is_newest(one):
            self.broken("a dead receiver did not get the latest state when it was back", one)

    def was_given_up(self, closed: Closed) -> None:
        """Called at the end for each delivery that was given up."""
        one, since = closed.delivery, closed.at - self.span + HAIR
        times = self.accepted_at[one.webhook_id]
        if any(since <= at <= closed.at for at in times):
            self.broken("given up though its receiver had accepted others meanwhile", one)
        if one.created_at > since:
            self.broken("given up before its schedule could be used up", one)
        if self._is_newest(one):
            self.broken("the newest state of a record was given up", one)

    def _is_newest(self, one: Delivery) -> bool:
        if self.tables.webhooks[one.webhook_id].webhook.mode is not Mode.LATEST_STATE:
            return False
        every = [closed.delivery for closed in self.tables.closed.values()]
        mine = [it for it in every if it.webhook_id == one.webhook_id]
        same = [it for it in mine if it.resource_uuid == one.resource_uuid]
        return all(it.version <= one.version for it in same)

    def _nothing_piles_up(self, webhook_id: int) -> None:
        """Where the circuit has been open for long, nothing is much older than its schedule."""
        row, before = self.tables.webhooks[webhook_id], self.tables.now - self.span
        before -= int(WITHIN_S * SECOND)
        is_active = row.webhook.state is WebhookState.ACTIVE and not row.deleted
        is_dead = row.circuit.is_open and row.circuit.since < before and row.changed_at < before
        if not is_active or not is_dead or row.webhook.mode is Mode.LATEST_STATE:
            return
        for one in self.tables.pending[webhook_id].values():
            if one.created_at < before:
                self.broken("a delivery is older than its schedule and still pending", one)
                return
