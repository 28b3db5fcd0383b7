"""make chaos on PostgreSQL: several workers and APIs, and everything done to them that happens.

3 workers, 2 APIs, a real PostgreSQL that each worker reaches over a link of its own. Under steady
changes: kill -9 of a worker, of an API, of all of PostgreSQL; a worker stopped for longer than its
lease; its link cut for longer than that; a worker asked to end. Then what was acknowledged is held
against what came, and each promise of docs/engine.md is asked by its query. Exits 1 when anything
is lost, an order or a promise is broken, or a takeover takes too long.
"""

import random
import signal
import sys
import time
from collections.abc import Callable

from bench.cluster import (
    APIS,
    AT_ONCE,
    LEASE_S,
    RESELLERS,
    TIMEOUT_S,
    WORKERS,
    Cluster,
    Worker,
)
from bench.load import Feeder, Told, came, order_breaks, settle
from bench.program import workshop
from chaos.evidence import SECOND, Acknowledged, Evidence, Incident, WebhookDetails
from chaos.feeder import now
from chaos.report import report_promises
from reseller_webhooks.store.db.database import Database

EVENTS = 20_000
TAKEOVER_S = LEASE_S + 2
BEFORE_S = 2.0
UNFLUSHED = 500
"""Results of one batch that were made and not yet written (engine/result_writer.py)."""


def kill_a_worker(cluster: Cluster, worker: Worker) -> None:
    cluster.leaves(worker, "kill -9 of a worker")
    worker.process.kill()
    time.sleep(LEASE_S + 4)
    cluster.begin(worker)


def stop_a_worker_in_its_tracks(cluster: Cluster, worker: Worker) -> None:
    cluster.leaves(worker, "SIGSTOP of a worker")
    worker.process.signal(signal.SIGSTOP)
    time.sleep(LEASE_S + 4)
    worker.process.signal(signal.SIGCONT)


def cut_a_link(cluster: Cluster, worker: Worker) -> None:
    cluster.leaves(worker, "a worker's link cut")
    worker.link.cut()
    time.sleep(LEASE_S + 4)
    worker.link.heal()


def ask_a_worker_to_end(cluster: Cluster, worker: Worker) -> None:
    cluster.leaves(worker, "SIGTERM of a worker")
    worker.process.stop()
    time.sleep(2)
    cluster.begin(worker)


def kill_an_api(cluster: Cluster, _: Worker) -> None:
    api = random.choice(cluster.apis)  # noqa: S311 - any
    api.kill()
    time.sleep(3)
    api.start()


def kill_postgres(cluster: Cluster, _: Worker) -> None:
    cluster.postgres.kill()
    time.sleep(3)
    cluster.postgres.start()


LEAVES_REQUESTS_BEHIND = {kill_a_worker, stop_a_worker_in_its_tracks, cut_a_link}
FAULTS: list[Callable[[Cluster, Worker], None]] = [
    kill_a_worker,
    stop_a_worker_in_its_tracks,
    kill_an_api,
    cut_a_link,
    kill_postgres,
    ask_a_worker_to_end,
]


def main() -> int:
    with workshop() as directory:
        cluster = Cluster(directory)
        try:
            return _run(cluster)
        finally:
            cluster.end()


def _run(cluster: Cluster) -> int:
    cluster.start()
    told: dict[str, Told] = {}
    feeders = [Feeder(cluster, number, EVENTS, told) for number in range(APIS)]
    for one in feeders:
        one.start()
    incidents: list[Incident] = []
    while any(one.is_alive() for one in feeders):
        time.sleep(BEFORE_S)
        fault, worker = (
            FAULTS[len(incidents) % len(FAULTS)],
            cluster.workers[len(incidents) % WORKERS],
        )
        print(f"{fault.__name__.replace('_', ' ')} at {len(told)} acknowledged", flush=True)
        incident = Incident(fault.__name__, now(), killed_worker=fault in LEAVES_REQUESTS_BEHIND)
        incidents.append(incident)
        fault(cluster, worker)
        incident.healed = now()
    settle(cluster)
    print(f"sent again by the feeders: {sum(one.refused for one in feeders)} requests")
    verdicts = report_promises(_evidence(cluster, told, incidents))
    broken = any(verdict.breaches for verdict in verdicts)
    return _report(cluster, told, len(incidents)) or int(broken)


def _evidence(cluster: Cluster, told: dict[str, Told], incidents: list[Incident]) -> Evidence:
    resellers = {number: reseller for reseller, number in cluster.webhooks().items()}
    ordered = cluster.ordered()
    webhooks = [
        WebhookDetails(f"/{reseller}", reseller, ordered=number in ordered, max_in_flight=AT_ONCE)
        for number, reseller in resellers.items()
    ]
    acknowledged = [
        Acknowledged(
            event, resellers[one.webhook], one.record, one.version, one.name, int(one.at * SECOND)
        )
        for event, one in told.items()
    ]
    return Evidence(
        Database(cluster.postgres.url),
        webhooks,
        acknowledged,
        cluster.receiver.received(),
        incidents,
        lease_s=LEASE_S,
        timeout_s=TIMEOUT_S,
    )


def _report(cluster: Cluster, told: dict[str, Told], faults: int) -> int:
    number, first = came(cluster)
    lost = told.keys() - first.keys()
    duplicates = number - len(first)
    bound = faults * (RESELLERS * AT_ONCE + UNFLUSHED)
    broken = order_breaks(told, first, cluster.ordered())
    slowest = _takeovers(cluster, told, first)
    print(f"acknowledged  {len(told)}")
    print(f"delivered     {len(first)}")
    print(f"lost          {len(lost)}")
    print(f"duplicates    {duplicates}, where {faults} faults allow {bound}")
    print(f"order breaks  {broken} at ordered webhooks")
    print(f"takeover      {slowest:.1f} s at most, {TAKEOVER_S} s allowed")
    bad = lost or broken or duplicates > bound or slowest > TAKEOVER_S or len(told) != EVENTS
    return 1 if bad else 0


def _takeovers(cluster: Cluster, told: dict[str, Told], first: dict[str, float]) -> float:
    """The longest that a webhook waited for another worker."""
    slowest = 0.0
    for takeover in cluster.takeovers:
        waits = []
        for webhook in takeover.webhooks:
            after = [
                first[event] - one.at
                for event, one in told.items()
                if one.webhook == webhook and takeover.at < one.at and event in first
            ]
            waits.append(after[0] if after else 0.0)
        worst = max(waits, default=0.0)
        print(f"{takeover.what}: {len(takeover.webhooks)} webhooks waited up to {worst:.1f} s")
        slowest = max(slowest, worst)
    return slowest


if __name__ == "__main__":
    sys.exit(main())
