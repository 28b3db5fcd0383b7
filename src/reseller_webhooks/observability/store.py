"""Durations and errors of store transactions, and the threads that wait for a connection."""

from prometheus_client import Counter, Gauge, Histogram

from reseller_webhooks.observability import registry

transaction_seconds = Histogram(
    "reseller_webhooks_store_transaction_duration_seconds",
    "Duration of store transactions, including the wait for a connection.",
    ["access"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
errors_total = Counter(
    "reseller_webhooks_store_errors",
    "Store transactions that failed, by kind of error.",
    ["kind"],
    registry=registry,
)
waiting = Gauge(
    "reseller_webhooks_store_connections_waiting",
    "Threads of this process that wait for a store connection or, on SQLite, for the one writer.",
    ["access"],
    registry=registry,
)
