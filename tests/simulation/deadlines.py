"""The invariants of time: how soon something happens where workers and store are well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries.attempts import Attempt, Reason
from reseller_webhooks.core.deliveries.circuits import OPENS_AFTER
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.core.webhooks.webhook import NoAuth, WebhookState
from tests.simulation.plan import FAULTS_S, FEW_SLOTS, START, Kind, Plan, Profile
from tests.simulation.request import Request
from tests.simulation.tables import Tables

NEIGHBOURS_WAIT_S = 4.0
"""However long a receiver hangs, a delivery to another starts within this."""
KNOWN_WITHIN_S = 4.0
"""What is written into a store that is well is known to a worker that is well within this."""
OBEYED_WITHIN_S = 0.5
"""What was changed of a webhook holds within this, however long its commit took; docs/engine.md."""
LATE_WITHIN_S = 3.0
"""A delivery starts within this of its commit, however late that was."""
RETRIED_WITHIN_S = 0.5
MANY_SLOTS = 20
STEP_KNOWN_WITHIN_S = 5.0
"""A beat of the worker, and a slow call or two."""
MANY_AT_ONCE = 10


@dataclass(slots=True)
class Promptness:
    """Told of every request; says what came too late."""

    plan: Plan
    tables: Tables
    broken: Callable[[str, object], None]
    first_start: dict[int, float] = field(default_factory=dict)
    full_at: dict[int, Micros] = field(default_factory=dict)
    """When a webhook last had as many requests under way as it allows."""
    failures: dict[int, int] = field(default_factory=dict)
    unsteady: set[int] = field(default_factory=set)
    """Webhooks whose circuit has opened, or whose failures could be the worker's own."""

    def starts(self, request: Request, under_way: int) -> None:
        """under_way: requests of the webhook, this one included."""
        number = request.webhook.id
        self.first_start.setdefault(request.delivery.id, request.started)
        if self.plan.profile is Profile.CALM and isinstance(request.webhook.auth, NoAuth):
            self._not_paused(request)
            self._not_superseded(request)
        if self.plan.profile is Profile.LATE:
            self._obeys(request)
        if self.plan.profile is Profile.RETRIES:
            self._in_time(request)
        if self.plan.profile is Profile.CLOCKS:
            self._one_wait_late_at_most(request)
        if under_way >= request.webhook.max_in_flight:
            self.full_at[number] = self.tables.true_now

    def ends(self, request: Request, under_way: int) -> None:
        """under_way: as above, when it was still one of them."""
        if under_way >= request.webhook.max_in_flight:
            self.full_at[request.webhook.id] = self.tables.true_now

    def told(self, request: Request, attempt: Attempt) -> None:
        """The worker has the attempt."""
        number = request.webhook.id
        self.failures[number] = 0 if attempt.accepted else self.failures.get(number, 0) + 1
        own_fault = not attempt.accepted and attempt.reason is not Reason.STATUS
        if own_fault or self.failures[number] >= OPENS_AFTER:
            self.unsteady.add(number)

    def at_the_end(self, committed: Mapping[int, tuple[Delivery, float]]) -> None:
        """committed: every delivery and when it was."""
        for delivery, at in committed.values():
            if self.plan.profile in FEW_SLOTS:
                self._began_soon(delivery, at)
            if self.plan.profile is Profile.LATE:
                self._came_soon(delivery, at)

    def _not_paused(self, request: Request) -> None:
        row = self.tables.webhooks[request.webhook.id]
        for_s = (self.tables.now - row.changed_at) / SECOND
        if row.webhook.state is WebhookState.PAUSED and for_s > KNOWN_WITHIN_S:
            self.broken("a paused webhook was sent to", f"{request}; paused {for_s:.1f} s before")
        if row.webhook.unreadable and for_s > KNOWN_WITHIN_S:
            self.broken("sent without secrets", f"{request}; unreadable for {for_s:.1f} s")

    def _obeys(self, request: Request) -> None:
        """A request goes by the settings of now."""
        row = self.tables.webhooks[request.webhook.id]
        for_s = (self.tables.now - row.changed_at) / SECOND
        if for_s <= OBEYED_WITHIN_S:
            return
        if row.webhook.state is WebhookState.PAUSED or row.deleted:
            self.broken(
                "a webhook sent after it was paused or deleted", f"{request}; {for_s:.1f} s"
            )
        if request.url != row.webhook.url:
            self.broken("a request went to the URL of before", f"{request}; {for_s:.1f} s")

    def _not_superseded(self, request: Request) -> None:
        closed = self.tables.closed.get(request.delivery.id)
        if closed is None or closed.state is not State.SUPERSEDED:
            return
        for_s = (self.tables.now - closed.at) / SECOND
        if for_s > KNOWN_WITHIN_S:
            self.broken("a superseded delivery was sent", f"{request}; {for_s:.1f} s after")

    def _in_time(self, request: Request) -> None:
        """Of what only time holds back: no cap, no circuit, no rate, no older version."""
        number = request.webhook.id
        pending = self.tables.pending[number].get(request.delivery.id)
        is_held_back = request.is_serial or request.webhook.rate_per_second
        if not pending or not pending.attempts or is_held_back or number in self.unsteady:
            return
        changed_at = self.tables.webhooks[number].changed_at
        since = max(pending.next_at, changed_at, self.full_at.get(number, 0))
        late_s = (self.tables.now - since) / SECOND
        if self.plan.slots >= MANY_SLOTS and late_s > RETRIED_WITHIN_S:
            self.broken("a retry was late", f"{late_s:.1f} s: {request}")

    def _one_wait_late_at_most(self, request: Request) -> None:
        """However clocks are set. Of what only time holds back, and workers that live."""
        number, (began, wait_s) = (
            request.webhook.id,
            self.tables.waits.get(request.delivery.id, (0, 0)),
        )
        killed = any(fault.kind is Kind.KILL for fault in self.plan.faults)
        is_held_back = request.is_serial or request.webhook.rate_per_second or killed
        changed = self.tables.webhooks[number].changed_at != START
        if not wait_s or is_held_back or changed or number in self.unsteady:
            return
        due = max(began + wait_s, (self.full_at.get(number, 0) - START) / SECOND)
        late_s = request.started - due
        if self.plan.slots >= MANY_SLOTS and late_s > wait_s + STEP_KNOWN_WITHIN_S:
            self.broken(
                "a retry was more than one wait late",
                f"{late_s:.1f} s after a wait of {wait_s:.1f}: {request}",
            )

    def _came_soon(self, delivery: Delivery, at: float) -> None:
        """Of webhooks that nothing holds back: no change of settings, no cap, no order."""
        row = self.tables.webhooks[delivery.webhook_id]
        is_changed = any(
            one.target == delivery.webhook_id and one.kind is not Kind.ADD
            for one in self.plan.faults
        )
        is_held_back = row.webhook.max_in_flight < MANY_AT_ONCE or row.webhook.is_serial
        if is_changed or is_held_back or not isinstance(row.webhook.auth, NoAuth):
            return
        began = self.first_start.get(delivery.id, FAULTS_S * 10)
        if self.plan.slots >= MANY_SLOTS and began - at > LATE_WITHIN_S:
            self.broken("what committed late was seen late", f"{began - at:.1f} s: {delivery}")

    def _began_soon(self, delivery: Delivery, at: float) -> None:
        if self.plan.moods[delivery.webhook_id]:
            return
        began = self.first_start.get(delivery.id, FAULTS_S * 2)
        if began - at > NEIGHBOURS_WAIT_S:
            self.broken("receivers that hang held up another", f"{began - at:.1f} s: {delivery}")
