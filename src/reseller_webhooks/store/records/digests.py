"""Digests, kept up in the transaction of each change: a bucket is a row."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, bindparam, select, update

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.sync.digests import BUCKETS, Bucket, Digest, bucket_of
from reseller_webhooks.store.db import bulk_read, bulk_write
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.records.records import Versioned
from reseller_webhooks.store.tables import digest

Key = tuple[int, Resource, int]
"""Reseller id, resource, number of the bucket."""
R = TypeVar("R", Record, Versioned)


@dataclass(frozen=True, slots=True)
class DigestBuckets:
    """Buckets that are not empty.

    floors: above which records of a bucket are made anew.
    """

    buckets: dict[Key, Bucket]
    floors: dict[Key, int]


class _Row(NamedTuple):
    number: int
    bucket: Bucket
    floor: int


def keys(records: Iterable[R]) -> dict[R, Key]:
    """The bucket that each record is in."""
    return {one: (one.reseller_id, one.resource, bucket_of(one.uuid)) for one in records}


def key(record: RecordKey) -> Key:
    """The bucket that a record of this key is in."""
    return record.reseller_id, record.resource, bucket_of(record.uuid)


def non_empty(tx: Tx, keys: Collection[Key]) -> DigestBuckets:
    """Those of the buckets that are not empty, locked where that is needed.

    Always in the same sequence, so that two transactions never wait for each other.
    """
    return ask_non_empty(tx, keys)()


def ask_non_empty(tx: Tx, keys: Collection[Key]) -> Callable[[], DigestBuckets]:
    """As `non_empty`; the buckets are waited for when they are called for."""
    numbers: dict[tuple[int, Resource], set[int]] = {}
    for reseller_id, resource, number in keys:
        numbers.setdefault((reseller_id, resource), set()).add(number)
    kinds = [
        (*kind, _ask_of_kind(tx, _locked, *kind, some)) for kind, some in sorted(numbers.items())
    ]

    def found() -> DigestBuckets:
        buckets: dict[Key, Bucket] = {}
        floors: dict[Key, int] = {}
        for reseller_id, resource, rows in kinds:
            for row in rows():
                key = reseller_id, resource, row.number
                buckets[key], floors[key] = row.bucket, row.floor
        return DigestBuckets(buckets, floors)

    return found


def read(tx: Tx, resource: Resource, *, reseller_id: int) -> Digest:
    """The digest of all records of a reseller and resource."""
    rows = _ask_of_kind(tx, _buckets, reseller_id, resource, range(BUCKETS))
    found = {row.number: row.bucket for row in rows()}
    return Digest(tuple(found.get(number, Bucket()) for number in range(BUCKETS)))


def write(tx: Tx, before: Mapping[Key, Bucket], after: Mapping[Key, Bucket]) -> None:
    """Write the buckets that are not as they were."""
    changed = {key: one for key, one in after.items() if before.get(key) != one}
    bulk_write.add(
        tx, digest, [_row(key, one) for key, one in changed.items() if key not in before]
    )
    bulk_write.change(
        tx, _CHANGE, [_change(key, one) for key, one in changed.items() if key in before]
    )


def raise_floors(tx: Tx, floors: Mapping[Key, int]) -> None:
    """Let records of these buckets be made anew above these versions. The rows are locked."""
    rows = [
        {"of_reseller": owner, "of_resource": resource.value, "of_bucket": bucket, "floor": floor}
        for (owner, resource, bucket), floor in floors.items()
    ]
    bulk_write.change(tx, _RAISE, rows)


_NAMED = update(digest).where(
    digest.c.reseller_id == bindparam("of_reseller"),
    digest.c.resource == bindparam("of_resource"),
    digest.c.bucket == bindparam("of_bucket"),
)
_CHANGE = _NAMED.values({"count": bindparam("count"), "value": bindparam("value")})
_RAISE = _NAMED.values({"version_floor": bindparam("floor")})


def _buckets(
    resellers: bulk_read.Some, resources: bulk_read.Some, some: bulk_read.Some
) -> Select[Any]:
    return (
        select(
            digest.c.bucket,
            digest.c["count"],
            digest.c.value,
            digest.c.version_floor,
        )
        .where(
            digest.c.reseller_id.in_(resellers),
            digest.c.resource.in_(resources),
            digest.c.bucket.in_(some),
        )
        .order_by(digest.c.bucket)
    )


def _locked(
    resellers: bulk_read.Some, resources: bulk_read.Some, some: bulk_read.Some
) -> Select[Any]:
    return _buckets(resellers, resources, some).with_for_update()


def _ask_of_kind(
    tx: Tx,
    named: bulk_read.SelectByLists,
    reseller_id: int,
    resource: Resource,
    some: Collection[int],
) -> Callable[[], list[_Row]]:
    asked = bulk_read.ask_in(tx, named, [reseller_id], [resource.value], list(some))
    return lambda: [
        _Row(number, Bucket(count, int(value, 16)), floor)
        for number, count, value, floor in asked()
    ]


def _row(key: Key, one: Bucket) -> dict[str, object]:
    reseller_id, resource, number = key
    return {
        "reseller_id": reseller_id,
        "resource": resource.value,
        "bucket": number,
        "count": one.count,
        "value": one.text,
    }


def _change(key: Key, one: Bucket) -> dict[str, object]:
    reseller_id, resource, number = key
    return {
        "of_reseller": reseller_id,
        "of_resource": resource.value,
        "of_bucket": number,
        "count": one.count,
        "value": one.text,
    }
