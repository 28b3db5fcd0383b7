"""The lanes of an engine, by webhook and by partition."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping

from reseller_webhooks.engine.lane import Lane


class Lanes:
    """Every lane there is, at most one to a webhook.

    learning: held from before webhooks are read until they are applied, so that an older view
    never takes the place of a newer one.
    """

    def __init__(self) -> None:
        self.learning = asyncio.Lock()
        self._by_webhook: dict[int, Lane] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._by_webhook.values()))

    @property
    def circuits_open(self) -> int:
        """Webhooks that only get probes at present."""
        return sum(lane.circuit.is_open for lane in self)

    @property
    def secrets_unreadable(self) -> int:
        """Webhooks that nothing is sent for because a secret of theirs does not open."""
        return sum(bool(lane.webhook.unreadable) for lane in self)

    def get(self, webhook_id: int) -> Lane | None:
        """The webhook's lane, if it is ours."""
        return self._by_webhook.get(webhook_id)

    def add(self, lane: Lane) -> None:
        """A webhook that is new here."""
        self._by_webhook[lane.webhook.id] = lane

    def remove(self, lane: Lane) -> None:
        """Start nothing more for it and forget it."""
        lane.close()
        del self._by_webhook[lane.webhook.id]

    def named(self, webhook_ids: Iterable[int]) -> list[Lane]:
        """Those of some webhooks; webhooks of other workers have none here."""
        found = (self._by_webhook.get(webhook_id) for webhook_id in webhook_ids)
        return [lane for lane in found if lane]

    def of(self, parts: Collection[int]) -> list[Lane]:
        """Those of some partitions."""
        some = frozenset(parts)
        return [lane for lane in self if lane.part in some] if some else []

    def outdated(self, revisions: Mapping[int, int]) -> list[int]:
        """The webhooks that are not known here at these revisions."""
        lanes = ((number, its, self.get(number)) for number, its in revisions.items())
        return [number for number, its, lane in lanes if lane is None or lane.revision != its]

    def keep_only(self, parts: Collection[int], live: Collection[int]) -> None:
        """Webhooks of these partitions that are not among the live ones were deleted."""
        for lane in self.of(parts):
            if lane.webhook.id not in live:
                self.remove(lane)
