"""Stepped fan-outs in the simulated store, as in store/deliveries/fan_out.py."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.fan_out_rules import FanOutStep
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records.events import Event
from tests.simulation.tables import Tables

DELIVERIES_A_STEP = 2
"""Few, so that kills and later changes come between the steps of a fan-out."""


@dataclass(slots=True)
class Pending:
    """An event, and the webhooks that are still to be told."""

    event: Event
    webhooks: list[int]


@dataclass(slots=True)
class FanOuts:
    """committed: called with the deliveries that a step has made."""

    tables: Tables
    committed: Callable[[Sequence[Delivery]], None]
    broken: Callable[[str, object], None]
    waiting: list[Pending] = field(default_factory=list)
    wanted: set[tuple[int, str, int]] = field(default_factory=set)
    made: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    """Webhook, record and version of each delivery that steps were left to make, and made."""

    def takes(self, record: str, version: int, *, is_large: bool) -> bool:
        """Whether the deliveries of an event that is committed now are left to steps."""
        event = _event(record, version, self.tables.now)
        behind = {fan_out_rules.record_of(one.event) for one in self.waiting}
        if not fan_out_rules.follows_in_steps(event, is_of_large_request=is_large, behind=behind):
            return False
        live = [number for number, row in self.tables.webhooks.items() if not row.deleted]
        self.waiting.append(Pending(event, live))
        self.wanted |= {(number, record, version) for number in live}
        return True

    def step(self) -> FanOutStep | None:
        """One transaction: the first event's next deliveries, and its place."""
        if not self.waiting:
            return None
        first = self.waiting[0]
        some = first.webhooks[:DELIVERIES_A_STEP]
        first.webhooks = first.webhooks[DELIVERIES_A_STEP:]
        if not first.webhooks:
            self.waiting.pop(0)
        rows = (self.tables.webhooks[number] for number in some)
        made = [self._delivery(row.webhook.id, first.event) for row in rows if not row.deleted]
        self.tables.commit(made)
        self.made.update((one.webhook_id, one.resource_uuid, one.version) for one in made)
        self.committed(made)
        return FanOutStep(reseller_id=1, events=1, took_s=0.01, statements_s=0.005)

    def at_the_end(self) -> None:
        """Each delivery that was left to steps was made, and once."""
        for one in self.wanted - set(self.made):
            if not self.tables.webhooks[one[0]].deleted:
                self.broken("a delivery that was left to steps was never made", one)
        for one in _twice(self.made):
            self.broken("a step made a delivery a second time", one)

    def _delivery(self, webhook_id: int, event: Event) -> Delivery:
        now = self.tables.now
        return Delivery(
            id=self.tables.number(),
            webhook_id=webhook_id,
            event_id=0,
            reseller_id=event.reseller_id,
            resource=event.resource,
            action=event.action,
            resource_uuid=event.resource_uuid,
            version=event.version,
            attempts=0,
            created_at=now,
            next_at=now,
            replay_of=None,
        )


def _twice(made: Counter[tuple[int, str, int]]) -> Iterable[tuple[int, str, int]]:
    return (one for one, times in made.items() if times > 1)


def _event(record: str, version: int, at: int) -> Event:
    return Event(
        uuid=f"{record} {version}",
        reseller_id=1,
        resource=Resource.COMPANY,
        resource_uuid=record,
        action=Action.CHANGED,
        ticked=frozenset({Action.CHANGED}),
        version=version,
        changed_at=at,
        body="",
    )
