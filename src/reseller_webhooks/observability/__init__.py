"""Logs and metrics for operators. Modules of this package define the metrics of one part each."""

import logging
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()

changes_total = Counter(
    "reseller_webhooks_changes",
    "Changes that were applied, by action.",
    ["action"],
    registry=registry,
)
attempts_total = Counter(
    "reseller_webhooks_attempts", "Delivery attempts, by outcome.", ["outcome"], registry=registry
)
attempt_seconds = Histogram(
    "reseller_webhooks_attempt_seconds",
    "Duration of delivery attempts.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=registry,
)
in_flight = Gauge(
    "reseller_webhooks_in_flight",
    "Delivery requests of this worker that are under way.",
    registry=registry,
)
delivery_slots = Gauge(
    "reseller_webhooks_delivery_slots",
    "Delivery requests that this worker may have under way at once.",
    registry=registry,
)
largest_reseller_share = Gauge(
    "reseller_webhooks_largest_reseller_share",
    "Share of this worker's slots that the reseller with the most requests under way holds.",
    registry=registry,
)
resellers_sending = Gauge(
    "reseller_webhooks_resellers_sending",
    "Resellers with a request of this worker under way.",
    registry=registry,
)
resellers_waiting = Gauge(
    "reseller_webhooks_resellers_waiting",
    "Resellers with a webhook that waits for a slot of this worker.",
    registry=registry,
)
webhooks_waiting = Gauge(
    "reseller_webhooks_webhooks_waiting",
    "Webhooks that have a due delivery in memory and wait for a slot of this worker.",
    registry=registry,
)
name_lookups = Gauge(
    "reseller_webhooks_name_lookups", "Name look-ups under way.", registry=registry
)
name_lookups_waiting = Gauge(
    "reseller_webhooks_name_lookups_waiting",
    "Names that wait for their turn to be looked up.",
    registry=registry,
)
connections_waiting = Gauge(
    "reseller_webhooks_connections_waiting",
    "Connections to receivers and token servers that wait for their turn to be opened.",
    registry=registry,
)
token_requests = Gauge(
    "reseller_webhooks_token_requests",
    "Requests for access tokens under way.",
    registry=registry,
)
circuits_open = Gauge(
    "reseller_webhooks_circuits_open",
    "Webhooks of this worker whose circuit is open.",
    registry=registry,
)
secrets_unreadable = Gauge(
    "reseller_webhooks_secrets_unreadable",
    "Webhooks that this worker sends nothing for because a secret of theirs does not open.",
    registry=registry,
)
suspects_itself = Gauge(
    "reseller_webhooks_suspects_itself",
    "1 while this worker reaches nearly no host and therefore only probes, else 0.",
    registry=registry,
)
partitions = Gauge(
    "reseller_webhooks_partitions", "Partitions that this worker owns.", registry=registry
)
refused_total = Counter(
    "reseller_webhooks_results_refused",
    "Results that were dropped because another worker owned the partition by then.",
    registry=registry,
)
upkeep_failures_total = Counter(
    "reseller_webhooks_upkeep_failures",
    "Maintenance jobs that failed in this process, by job.",
    ["job"],
    registry=registry,
)
unwritten = Gauge(
    "reseller_webhooks_results_unwritten",
    "Delivery results in memory that wait to be written to the store.",
    registry=registry,
)

task_failures_total = Counter(
    "reseller_webhooks_task_failures",
    "Unexpected exceptions of the process's loops, each of which was retried.",
    ["task"],
    registry=registry,
)


clock_skew_seconds = Gauge(
    "reseller_webhooks_clock_skew_seconds",
    "How far this machine's clock is ahead of the database's.",
    registry=registry,
)
receiver_clock_skew_seconds = Gauge(
    "reseller_webhooks_receiver_clock_skew_seconds",
    "How far the clocks of most receivers that refuse are ahead of the database's.",
    registry=registry,
)


def start_logging(*, as_json: bool) -> None:
    """Log to stderr: JSON for machines, or aligned words for a person who watches."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
