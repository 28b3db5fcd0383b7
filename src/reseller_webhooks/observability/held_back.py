"""Webhook queues that may not start a delivery, by reason; counted when metrics are scraped."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reseller_webhooks.observability import registry


class QueuesHeldBack(Collector):
    """Counts queues for one scrape, all reasons in a single pass."""

    def __init__(self) -> None:
        self._count: Callable[[], Mapping[str, int]] = dict

    def set_function(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Set the function that counts queues by reason."""
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauge with a sample for each reason."""
        gauge = GaugeMetricFamily(
            "reseller_webhooks_queues_held_back",
            "Webhooks of this worker with a due delivery in memory that may not start, by reason.",
            labels=["reason"],
        )
        for reason, count in self._count().items():
            gauge.add_metric([reason], count)
        yield gauge


queues_held_back = QueuesHeldBack()
registry.register(queues_held_back)
