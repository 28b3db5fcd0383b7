"""Leases: a worker's heartbeat, which renews its leases and takes those that it wants."""

from collections.abc import Collection
from dataclasses import dataclass

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.deliveries.partitions import assigned_to
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database

LEASES_AHEAD = 4
"""No lease is valid for longer than this many of this worker's: LEASE_S may differ while it is
changed."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that sends. id: new with every start. ttl_s: how long its leases last unrenewed."""

    id: str
    host: str
    version: str
    ttl_s: float


def heartbeat(
    database: Database,
    me: Worker,
    *,
    release: Collection[int] = (),
    lapsed_too: bool = True,
    stands_back: bool = False,
    latest: Micros | None = None,
) -> LeaseSnapshot:
    """Renew, give back, take.

    lapsed_too: take from workers that did not renew in time, not only what is free.
    stands_back: want nothing as long as another worker lives.
    latest: if the store's clock is past this, it was stepped ahead, and lapsed leases are left.
    """
    with database.write() as tx:
        ttl = int(me.ttl_s * SECOND)
        until = tx.now + ttl
        lapsed_too = lapsed_too and (latest is None or tx.now <= latest)
        leases.pull_back(tx, tx.now + LEASES_AHEAD * ttl, until)
        # Who stands back does not count as living, so that the others want what it leaves to them.
        lives_until = tx.now if stands_back else until
        leases.register(tx, me.id, host=me.host, version=me.version, until=lives_until)
        members = frozenset(one.id for one in leases.members(tx))
        others = members - {me.id}
        mine = frozenset[int]() if stands_back and others else assigned_to(me.id, members | {me.id})
        leases.release(tx, me.id, release)
        kept = leases.renew(tx, me.id, until=until)
        taken = leases.take(tx, me.id, mine - set(kept), until=until, lapsed_too=lapsed_too)
        return LeaseSnapshot(tx.now, members, mine, kept, taken)


def live_workers(database: Database) -> frozenset[str]:
    """The workers that live."""
    with database.read() as tx:
        return frozenset(one.id for one in leases.members(tx))


def leave(database: Database, me: Worker) -> None:
    """Give everything back and be gone."""
    with database.write() as tx:
        leases.leave(tx, me.id)


def vacate(database: Database) -> None:
    """Free every lease: for a store on one machine, when no worker lives there."""
    with database.write() as tx:
        leases.vacate(tx)
