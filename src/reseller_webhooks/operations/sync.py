"""Snapshot and digest: how a receiver begins, and how it proves that it is equal."""

from dataclasses import dataclass
from functools import partial

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import BUCKET_UNKNOWN
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.core.sync.digests import BUCKETS, Digest
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import digests, generations, records, tombstones


@dataclass(frozen=True, slots=True)
class SyncPosition:
    """A reader's position: the number of the last record, and the store's generation then."""

    number: int = 0
    generation: int = 1


START = SyncPosition()


@dataclass(frozen=True, slots=True)
class SyncPage:
    """Records and the position behind them.

    has_more: whether there are others behind it already. is_cut: whether some of those were left
    out because a record with a lower number may still be committed.
    """

    records: list[Record]
    position: SyncPosition
    has_more: bool
    is_cut: bool


def snapshot(
    database: Database,
    resource: Resource,
    *,
    reseller_id: int,
    bucket: int | None = None,
    after: SyncPosition = START,
    limit: int = 100,
    with_unsettled: bool = False,
) -> SyncPage:
    """A page of every record, tombstones too, from behind a position; no record is ever skipped.

    It has fewer than `limit` where those have many bytes (store/db/page_bytes.py).
    A record that changes meanwhile keeps its place and may show its newer version; one that is
    added meanwhile comes at the end. So a reader who goes on from notifications misses nothing.
    with_unsettled: whatever is visible, although a lower number may appear later.
    A position of another generation, or one that the store has not reached, begins anew: then the
    store went back in time, and every record has another version.
    """
    if bucket is not None and bucket not in range(BUCKETS):
        raise Invalid.at("/bucket", BUCKET_UNKNOWN(bucket=bucket, last=BUCKETS - 1))
    with database.read() as tx:
        generation = generations.current(tx).number
        settled = horizon.settled(database, tx, "record")
        is_valid = after.generation == generation and after.number <= settled.newest
        start = after.number if is_valid else 0
        read = partial(records.snapshot, tx, resource, reseller_id=reseller_id, bucket=bucket)
        found = records.bounded(lambda row, rows: read(after=row, limit=rows), start, limit=limit)
    shown = [one for one in found.rows if with_unsettled or (one.id or 0) <= settled.upto]
    is_cut = len(shown) < len(found.rows)
    end = shown[-1].id if shown else None
    return SyncPage(
        shown,
        SyncPosition(start if end is None else end, generation),
        has_more=found.has_more or is_cut,
        is_cut=is_cut,
    )


def version_floor(database: Database, *, reseller_id: int) -> int:
    """The version below which a record that a later snapshot does not have is gone.

    It was lost when the store was restored, or was removed so long ago that its tombstone is gone.
    """
    with database.read() as tx:
        deleted = tombstones.version_floor(tx, reseller_id=reseller_id)
        return max(generations.current(tx).floor, deleted + 1 if deleted else 0)


def digest(database: Database, resource: Resource, *, reseller_id: int) -> Digest:
    """The digest over (uuid, version) of every record, tombstones too."""
    with database.read() as tx:
        return digests.read(tx, resource, reseller_id=reseller_id)
