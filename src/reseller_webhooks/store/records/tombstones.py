"""Tombstones past their time: found, deleted, and their versions kept as a floor.

A record that is made anew begins above the floor of its reseller, which is read with the reseller.
A tombstone may be deleted between that and the read of the records; then the floor of the bucket,
which is read later and locked, is above the one that was read, and the change is applied again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import case, delete, exists, func, select, text, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.records import records
from reseller_webhooks.store.records.records import Versioned
from reseller_webhooks.store.tables import event, feature, record, reseller


@dataclass(frozen=True, slots=True)
class TombstoneScan:
    """Old tombstones among the next ones. passed: the last that was seen, None at the end."""

    old: list[int]
    passed: int | None


def scan(tx: Tx, before: Micros, *, after: int, limit: int) -> TombstoneScan:
    """Up to `limit` tombstones numbered above `after`; old are those from before an instant.

    No tombstone counts as old until every version of the program that runs knows of the floors.
    """
    known_since = select(feature.c.since).where(feature.c.name == Feature.VERSION_FLOORS.value)
    if tx.connection.execute(known_since).scalar_one() >= before:
        return TombstoneScan([], None)
    some = select(record.c.id, record.c.changed_at).where(_IS_REMOVED, record.c.id > after)
    rows = tx.connection.execute(some.order_by(record.c.id).limit(limit)).tuples().all()
    passed = rows[-1][0] if len(rows) == limit else None
    return TombstoneScan([number for number, changed_at in rows if changed_at < before], passed)


def lock(tx: Tx, numbers: Collection[int], before: Micros) -> list[Versioned]:
    """Lock tombstones that are still old and whose record has no event left to send again.

    Not the newest record: SQLite would give its number, a place in snapshots, to another one.
    """
    newest = select(func.max(record.c.id)).scalar_subquery()
    named = record.c.id.in_(list(numbers)), record.c.id < newest
    old = record.c.removed, record.c.changed_at < before
    held = records.locked(tx, *named, *old, skip_locked=True)
    # A statement of its own, after the lock: a backfill may have told of one just before.
    told = select(record.c.id).where(record.c.id.in_([one.id for one in held]), _HAS_EVENTS)
    kept = set(tx.connection.execute(told).scalars())
    return [one for one in held if one.id not in kept]


def remove(tx: Tx, some: Sequence[Versioned]) -> None:
    """Delete tombstones, and keep the highest version of each reseller's as its floor."""
    for number in sorted({one.reseller_id for one in some}):
        highest = max(one.version for one in some if one.reseller_id == number)
        column = reseller.c.version_floor
        raised = case((column < highest, highest), else_=column)
        mine = update(reseller).where(reseller.c.id == number)
        tx.connection.execute(mine.values(version_floor=raised))
    numbers = [one.id for one in some]
    tx.connection.execute(delete(record).where(record.c.id.in_(numbers)))


def version_floor(tx: Tx, *, reseller_id: int) -> int:
    """The highest version of a tombstone of the reseller that was deleted."""
    statement = select(reseller.c.version_floor).where(reseller.c.id == reseller_id)
    return tx.connection.execute(statement).scalar() or 0


# Said as the index has it.
_IS_REMOVED = text("removed")
_HAS_EVENTS = exists().where(
    event.c.reseller_id == record.c.reseller_id,
    event.c.resource == record.c.resource,
    event.c.resource_uuid == record.c.uuid,
)
