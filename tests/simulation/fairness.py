"""The invariant of fair shares: no reseller is held up by another one that has more."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.engine.fair_shares import RESELLER_WEIGHT
from tests.simulation.plan import Plan, Profile
from tests.simulation.request import Request
from tests.simulation.tables import Tables

KNOWN_WITHIN_S = 1.5
"""A poke may get lost; the next poll and a scan find the delivery."""
ON_THE_WAY = 2
"""Requests of a reseller that were decided on and are not out yet, or have just ended."""


@dataclass(slots=True)
class Fairness:
    """Called at every start. committed: each delivery's commit. begun: those that were sent."""

    plan: Plan
    tables: Tables
    committed: Mapping[int, tuple[Delivery, float]]
    begun: Container[int]
    broken: Callable[[str, object], None]

    def starts(self, request: Request, under_way: Mapping[int, set[Request]]) -> None:
        """under_way: the requests of each webhook, without this one."""
        if self.plan.profile is not Profile.RESELLERS:
            return
        of_this = self._count(request.webhook.reseller_id, under_way)
        for reseller_id in {one.reseller_id for one in self.plan.webhooks}:
            if reseller_id == request.webhook.reseller_id or not self._waits(
                reseller_id, request.started
            ):
                continue
            # A webhook's own requests count once beside those of its reseller.
            fair = self._count(reseller_id, under_way) * (RESELLER_WEIGHT + 1) / RESELLER_WEIGHT
            if of_this > fair + ON_THE_WAY:
                self.broken(
                    "a request started while a reseller waited that had fewer under way",
                    f"{of_this} before {request}; reseller {reseller_id} waited",
                )

    def _count(self, reseller_id: int, under_way: Mapping[int, set[Request]]) -> int:
        webhooks = (one for one in self.plan.webhooks if one.reseller_id == reseller_id)
        return sum(len(under_way.get(one.id, ())) for one in webhooks)

    def _waits(self, reseller_id: int, now: float) -> bool:
        """Whether it has a delivery that was not tried, and could have been for a while."""
        return any(
            number not in self.begun and now - self.committed[number][1] > KNOWN_WITHIN_S
            for webhook in self.plan.webhooks
            if webhook.reseller_id == reseller_id
            for number in self.tables.pending[webhook.id]
        )
