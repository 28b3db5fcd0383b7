"""Metrics of the store's connection pools in this process."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reseller_webhooks.operations.context import Database


class PoolCollector(Collector):
    """Reads the pools at a scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Two gauges for each pool."""
        in_use = GaugeMetricFamily(
            "reseller_webhooks_store_connections_in_use",
            "Store connections of this process that are in use.",
            labels=["pool"],
        )
        limit = GaugeMetricFamily(
            "reseller_webhooks_store_connections_max",
            "Most store connections that this process opens.",
            labels=["pool"],
        )
        for pool in self._database.pools():
            in_use.add_metric([pool.name], pool.in_use)
            limit.add_metric([pool.name], pool.limit)
        return in_use, limit
