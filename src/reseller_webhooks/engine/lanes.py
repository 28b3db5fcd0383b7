"""The lanes of an engine, by webhook and by partition."""

from collections.abc import Collection, Iterable, Iterator

from reseller_webhooks.engine.lane import Lane


class Lanes:
    """Every lane there is, at most one to a webhook."""

    def __init__(self) -> None:
        self._by_webhook: dict[int, Lane] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._by_webhook.values()))

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
