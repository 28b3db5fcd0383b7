"""Metrics of the whole service, read from the store at a scrape, cached for seconds.

The same from every process, whatever its role. A scrape never waits long for the store: while the
store does not answer, the last known numbers are told with their age.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event, Lock, Thread

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reseller_webhooks.clock import SECOND, monotonic_s
from reseller_webhooks.core.deliveries.delivery_stats import BACKLOG_COUNTED_MAX
from reseller_webhooks.operations.cluster import Totals

FRESH_S = 5.0
"""Numbers up to this age are served again without a query."""
WAIT_S = 0.5
"""A scrape waits this long for new numbers, then serves the last ones."""
HANGS_S = 5.0
"""A store that has not answered for so long is down."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reading:
    """Numbers from the store, and their time on the monotonic clock."""

    totals: Totals
    at_s: float


class StoreReader:
    """Reads the totals in a thread of its own, one reading at a time.

    Not in the threads of requests: those may all hang in the store when an operator looks.
    """

    def __init__(
        self, read: Callable[[], Totals], *, fresh_s: float = FRESH_S, hangs_s: float = HANGS_S
    ) -> None:
        self._read = read
        self._fresh_s, self._hangs_s = fresh_s, hangs_s
        self._lock = Lock()
        self._finished = Event()
        self._finished.set()
        self._began_s = 0.0
        self._failed = False
        self._last: Reading | None = None

    def latest(self) -> Reading | None:
        """Numbers no older than fresh_s if the store answers in time, else the last known."""
        with self._lock:
            if self._finished.is_set() and not self._is_fresh():
                self._finished.clear()
                self._began_s = monotonic_s()
                Thread(target=self._refresh, name="service-metrics", daemon=True).start()
        self._finished.wait(WAIT_S)
        return self._last

    @property
    def is_up(self) -> bool:
        """True if the store answered the last query."""
        hangs = not self._finished.is_set() and monotonic_s() - self._began_s > self._hangs_s
        return self._last is not None and not self._failed and not hangs

    def _is_fresh(self) -> bool:
        return self._last is not None and monotonic_s() - self._last.at_s < self._fresh_s

    def _refresh(self) -> None:
        try:
            at_s = monotonic_s()
            self._last, self._failed = Reading(self._read(), at_s), False
        except Exception as error:
            self._failed = True
            log.warning("metrics of the whole service were not read", reason=str(error))
        finally:
            self._finished.set()


class ServiceCollector(Collector):
    """The totals as gauges; none before they were read once, since 0 would be a lie."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def collect(self) -> Iterable[Metric]:
        """Read and describe."""
        reading = self._reader.latest()
        yield _gauge(
            "store_up",
            "1 if the store answered when this process read the numbers of the whole service, "
            "else 0.",
            float(self._reader.is_up),
        )
        if reading is None:
            return
        yield _gauge(
            "store_totals_age_seconds",
            "Age of the numbers of the whole service.",
            monotonic_s() - reading.at_s,
        )
        yield from _gauges(reading.totals)


def _gauges(totals: Totals) -> Iterable[Metric]:
    capped = f"counted up to {BACKLOG_COUNTED_MAX}"
    yield _gauge(
        "oldest_due_seconds",
        "How long the oldest due delivery of the whole service has been due; 0 when none is due.",
        totals.oldest_due_seconds,
    )
    yield _gauge(
        "deliveries_due",
        "Deliveries of the whole service that are due, without those of paused webhooks and of "
        f"webhooks whose circuit is open; {capped}.",
        totals.backlog.due,
    )
    yield _gauge(
        "deliveries_pending",
        f"Unfinished deliveries of the whole service, due or not; {capped}.",
        totals.backlog.pending,
    )
    yield _gauge(
        "partitions_without_owner",
        "Partitions of the whole service that no living worker owns.",
        totals.partitions_without_owner,
    )
    yield _gauge(
        "workers_alive",
        "Workers of the whole service whose heartbeat is recent.",
        totals.workers_alive,
    )
    yield _gauge(
        "webhooks_failing",
        "Webhooks of the whole service whose circuit is open.",
        totals.webhooks_failing,
    )
    yield from _fan_out(totals)
    yield _upkeep(totals)


def _fan_out(totals: Totals) -> Iterable[Metric]:
    yield _gauge(
        "fan_out_pending",
        "Events of the whole service whose deliveries are still to be made, as their request "
        f"needed more of them than one transaction writes; counted up to {BACKLOG_COUNTED_MAX}.",
        totals.fan_out.count,
    )
    yield _gauge(
        "fan_out_oldest_seconds",
        "How long the oldest of these events has waited; 0 when none does.",
        totals.oldest_fan_out_seconds,
    )


def _upkeep(totals: Totals) -> Metric:
    gauge = GaugeMetricFamily(
        "reseller_webhooks_upkeep_last_success_timestamp_seconds",
        "When a maintenance job last succeeded on any worker, in Unix time; 0 if it never did.",
        labels=["job"],
    )
    for job, at in totals.maintenance.items():
        gauge.add_metric([job], at / SECOND)
    return gauge


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"reseller_webhooks_{name}", text, value)
