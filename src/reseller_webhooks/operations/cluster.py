"""State of the whole service: the operator's Health page and the metrics tell the same numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.store.cluster import cluster, leases, maintenance
from reseller_webhooks.store.cluster.cluster import OpenCircuit, Partitions
from reseller_webhooks.store.cluster.leases import WorkerRow
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import fan_out
from reseller_webhooks.store.deliveries.backlog import Backlog, backlog
from reseller_webhooks.store.deliveries.fan_out import FanOutBacklog

CIRCUITS = 100


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of the whole service, the same from every process.

    now: the store's time. maintenance: when each job last succeeded, 0 for one that never did.
    """

    now: Micros
    backlog: Backlog
    workers_alive: int
    partitions_without_owner: int
    webhooks_failing: int
    fan_out: FanOutBacklog
    maintenance: Mapping[str, Micros]

    @property
    def oldest_due_seconds(self) -> float:
        """Seconds for which the oldest due delivery has been due; 0 when none is due."""
        oldest = self.backlog.oldest
        return max(0, self.now - oldest.due_at) / SECOND if oldest else 0.0

    @property
    def oldest_fan_out_seconds(self) -> float:
        """Seconds for which the oldest event has waited for its deliveries; 0 when none waits."""
        since = self.fan_out.since
        return 0.0 if since is None else max(0, self.now - since) / SECOND


@dataclass(frozen=True, slots=True)
class Cluster:
    """Totals, and what they consist of."""

    now: Micros
    totals: Totals
    members: list[WorkerRow]
    partitions: Partitions
    circuits: list[OpenCircuit]


def totals(database: Database) -> Totals:
    """The numbers now; a few statements of bounded cost."""
    with database.read() as tx:
        return _totals(tx, leases.members(tx), cluster.partitions(tx))


def overview(database: Database) -> Cluster:
    """The current state of the cluster."""
    with database.read() as tx:
        members, partitions = leases.members(tx), cluster.partitions(tx)
        return Cluster(
            tx.now,
            _totals(tx, members, partitions),
            members,
            partitions,
            cluster.open_circuits(tx, limit=CIRCUITS),
        )


def _totals(tx: Tx, members: list[WorkerRow], partitions: Partitions) -> Totals:
    return Totals(
        tx.now,
        backlog(tx),
        len(members),
        partitions.free + partitions.lapsed,
        cluster.open_circuits_count(tx),
        fan_out.backlog(tx),
        {status.job: status.succeeded_at or 0 for status in maintenance.statuses(tx)},
    )
