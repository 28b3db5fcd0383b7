"""Snapshot and digest: how a receiver begins, and how it proves that it is equal."""

from reseller_webhooks.core.digests import BUCKETS, Digest
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.store import digests, records
from reseller_webhooks.store.database import Database


def snapshot(
    database: Database,
    resource: Resource,
    *,
    reseller_id: int,
    bucket: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Record]:
    """A page of every record, tombstones too, from behind the store's number `after`.

    A record that changes meanwhile keeps its place and may show its newer version; one that is
    added meanwhile comes at the end. So a reader who goes on from notifications misses nothing.
    """
    if bucket is not None and bucket not in range(BUCKETS):
        raise Invalid.at("/bucket", f"{bucket} is no bucket; give 0 to {BUCKETS - 1}")
    with database.read() as tx:
        return records.snapshot(
            tx, resource, reseller_id=reseller_id, bucket=bucket, after=after, limit=limit
        )


def digest(database: Database, resource: Resource, *, reseller_id: int) -> Digest:
    """The digest over (uuid, version) of every record, tombstones too."""
    with database.read() as tx:
        return digests.of(tx, resource, reseller_id=reseller_id)
