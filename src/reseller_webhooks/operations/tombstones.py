"""Deletes tombstones once no event of their records is kept."""

from dataclasses import dataclass

from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.store.cluster import maintenance_clock
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.records import digests, tombstones
from reseller_webhooks.store.records.records import Versioned

LOOKED_AT = 2_000
BATCH = 200
"""Deleted in one transaction: changes of records in the same buckets wait for it."""


@dataclass(frozen=True, slots=True)
class TombstoneStep:
    """The result of a step. passed: its last tombstone, None at the end."""

    deleted: int
    passed: int | None


def drop(
    database: Database, *, retention_days: int, after: int = 0, limit: int = LOOKED_AT
) -> TombstoneStep:
    """Look at the tombstones that follow number `after`, and delete those past their time."""
    with database.read() as tx:
        if maintenance_clock.is_held(tx):
            return TombstoneStep(0, None)
        before = tx.now - retention_days * DAY
        found = tombstones.scan(tx, before, after=after, limit=limit)
    starts = range(0, len(found.old), BATCH)
    some = (found.old[start : start + BATCH] for start in starts)
    return TombstoneStep(sum(_delete(database, numbers, before) for numbers in some), found.passed)


def _delete(database: Database, numbers: list[int], before: Micros) -> int:
    with database.write() as tx:
        some = tombstones.lock(tx, numbers, before)
        if some:
            _leave_buckets(tx, some)
            tombstones.remove(tx, some)
    return len(some)


def _leave_buckets(tx: Tx, some: list[Versioned]) -> None:
    keys = digests.keys(some)
    held = digests.non_empty(tx, set(keys.values()))
    buckets, floors = dict(held.buckets), dict(held.floors)
    for one, key in keys.items():
        buckets[key] = buckets[key].remove(one.uuid, one.version)
        floors[key] = max(floors[key], one.version)
    digests.write(tx, held.buckets, buckets)
    digests.raise_floors(tx, floors)
