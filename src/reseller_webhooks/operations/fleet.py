"""How workers and partitions fare, for the operator."""

from dataclasses import dataclass

from reseller_webhooks.clock import Micros
from reseller_webhooks.store import fleet as store
from reseller_webhooks.store import leases
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.fleet import Late, OpenCircuit, Partitions
from reseller_webhooks.store.leases import Member

CIRCUITS = 100


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything at one moment. late: what has been due longest, if anything is."""

    now: Micros
    members: list[Member]
    partitions: Partitions
    late: Late | None
    circuits: list[OpenCircuit]


def look(database: Database) -> Fleet:
    """How it is now."""
    with database.read() as tx:
        return Fleet(
            tx.now,
            leases.members(tx),
            store.partitions(tx),
            store.oldest_due(tx),
            store.open_circuits(tx, limit=CIRCUITS),
        )
