"""Records: the current state of every resource, tombstones included."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, insert, select, update

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.page import RecordPage
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.sync.digests import bucket_of
from reseller_webhooks.store.db import bulk_read, bulk_write, page_bytes
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import number, record

FOUND_MAX = 8
"""Records of one id that are read: live ones first. Every reseller may have one, of 256 KB."""
P = TypeVar("P", int, int | None)


@dataclass(frozen=True, slots=True)
class Versioned:
    """A record as its digest counts it."""

    id: int
    reseller_id: int
    resource: Resource
    uuid: str
    version: int


def key(one: Record) -> RecordKey:
    """The key of a record."""
    return RecordKey(one.uuid, one.resource, one.reseller_id)


class LockedRecords(dict[RecordKey, Record | None]):
    """Records that are locked for a transaction.

    A large content is read each time that its record is looked up, and not kept. Until then its
    record has an empty content, which no record may have.
    """

    def __init__(self, tx: Tx, found: Mapping[RecordKey, Record]) -> None:
        super().__init__(found)
        self._tx = tx

    def __getitem__(self, key: RecordKey) -> Record | None:
        one = super().__getitem__(key)
        if one is None or one.content != "":
            return one
        content = select(record.c.content).where(record.c.id == one.id)
        return dataclasses.replace(one, content=self._tx.connection.execute(content).scalar_one())


def find_many(tx: Tx, keys: Collection[RecordKey]) -> LockedRecords:
    """Those of the named records that exist, locked for this transaction where that is needed.

    Always in the same sequence, so that two transactions never wait for each other.
    """
    return ask_many(tx, keys)()


def ask_many(tx: Tx, keys: Collection[RecordKey]) -> Callable[[], LockedRecords]:
    """As `find_many`; the records are waited for when they are called for."""
    if not keys:
        return lambda: LockedRecords(tx, {})
    uuids = list({uuid for uuid, _, _ in keys})
    resellers = list({reseller_id for _, _, reseller_id in keys})
    rows = bulk_read.ask_in(tx, _held, uuids, resellers)

    def found() -> LockedRecords:
        some = (from_row(dict(zip(_NAMES, row, strict=True))) for row in rows())
        return LockedRecords(tx, {key(one): one for one in some if key(one) in keys})

    return found


def locked(
    tx: Tx,
    *conditions: ColumnElement[bool],
    limit: int | None = None,
    skip_locked: bool = False,
) -> list[Versioned]:
    """The records that meet the conditions, locked in the sequence in which changes lock them."""
    statement = (
        select(*(record.c[name] for name in Versioned.__dataclass_fields__))
        .where(*conditions)
        .order_by(record.c.id)
        .limit(limit)
        .with_for_update(skip_locked=skip_locked)
    )
    rows = tx.connection.execute(statement).tuples()
    return [Versioned(n, owner, Resource(type_), *rest) for n, owner, type_, *rest in rows]


def add(tx: Tx, records: Iterable[Record]) -> None:
    """Write records that were not there before."""
    bulk_write.add(tx, record, [_columns(one) for one in records])


def replace(tx: Tx, records: Iterable[Record]) -> None:
    """Overwrite records by their store's number."""
    bulk_write.change(tx, _REPLACE, [_columns(one) | {"row_id": one.id} for one in records])


def find(
    tx: Tx,
    resource: Resource,
    uuid: str,
    *,
    reseller_id: int | None,
    parent: str | None = None,
    limit: int = FOUND_MAX,
) -> list[Record]:
    """The first records that go by this id; more than one only when no reseller is given.

    An app assignment also goes by the id of its user, within its subscription `parent`.
    """
    named = record.c.uuid == uuid
    if parent is not None:
        # Two statements' worth of conditions, but each side has its own index.
        named = and_(record.c.parent == parent, (record.c.alias == uuid) | named)
    statement = select(*COLUMNS).where(named, record.c.resource == resource)
    if reseller_id is not None:
        statement = statement.where(record.c.reseller_id == reseller_id)
    newest = statement.order_by(record.c.removed, record.c.id.desc()).limit(limit)
    return [from_row(row) for row in tx.connection.execute(newest).mappings()]


def page(
    tx: Tx,
    resource: Resource,
    *,
    reseller_id: int | None,
    parent: str | None = None,
    after: int = 0,
    limit: int,
) -> list[Record]:
    """Live records in the order they came, from behind the number `after`."""
    statement = select(*COLUMNS).where(
        record.c.resource == resource, record.c.id > after, record.c.removed.is_(False)
    )
    if reseller_id is not None:
        statement = statement.where(record.c.reseller_id == reseller_id)
    if parent is not None:
        statement = statement.where(record.c.parent == parent)
    rows = tx.connection.execute(statement.order_by(record.c.id).limit(limit))
    return [from_row(row) for row in rows.mappings()]


def snapshot(
    tx: Tx,
    resource: Resource,
    *,
    reseller_id: int,
    bucket: int | None = None,
    after: int = 0,
    limit: int,
) -> list[Record]:
    """Every record, tombstones too, in the order they came; one bucket of the digest, or all."""
    statement = select(*COLUMNS).where(
        record.c.reseller_id == reseller_id, record.c.resource == resource, record.c.id > after
    )
    if bucket is not None:
        statement = statement.where(record.c.bucket == bucket)
    rows = tx.connection.execute(statement.order_by(record.c.id).limit(limit))
    return [from_row(row) for row in rows.mappings()]


def bounded(some: Callable[[P, int], Sequence[Record]], after: P, *, limit: int) -> RecordPage:
    """A page of records that is bounded in bytes. some, after: as `page_bytes.read` takes them."""
    return page_bytes.read(some, after, place=_number, size=_content_size, limit=limit)


def next_number(tx: Tx, name: str, step: int = 1) -> int:
    """The next number for resources that are numbered, such as orders: 1, 2, 3..."""
    counted = update(number).where(number.c.name == name).values(last=number.c.last + step)
    last = tx.connection.execute(counted.returning(number.c.last)).scalar()
    if last is None:
        tx.connection.execute(insert(number).values(name=name, last=1))
        return 1
    return int(last)


_NAMES = list(Record.__dataclass_fields__)
COLUMNS = [record.c[name] for name in _NAMES]
_REPLACE = (
    update(record)
    .where(record.c.id == bindparam("row_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "parent",
                "alias",
                "version",
                "removed",
                "status",
                "content",
                "changed_at",
            )
        }
    )
)


def _held(uuids: bulk_read.Some, resellers: bulk_read.Some) -> Select[Any]:
    # SQLite walks the whole table for (a, b, c) IN (...), and all records of a reseller if it is
    # the only one named and not somewhat hidden; but it takes the index of uuids for this.
    named = record.c.uuid.in_(uuids) & (record.c.reseller_id + 0).in_(resellers)
    content = page_bytes.unless_large(record.c.content).label("content")
    columns = [content if name == "content" else record.c[name] for name in _NAMES]
    return select(*columns).where(named).order_by(record.c.id).with_for_update()


def _columns(one: Record) -> dict[str, object]:
    return {
        "reseller_id": one.reseller_id,
        "resource": one.resource.value,
        "uuid": one.uuid,
        "parent": one.parent,
        "alias": one.alias,
        "bucket": bucket_of(one.uuid),
        "version": one.version,
        "removed": one.removed,
        "status": one.status,
        "content": one.content,
        "changed_at": one.changed_at,
    }


def from_row(row: Mapping[Any, Any]) -> Record:
    """The record that a row of `COLUMNS` holds."""
    given = {"resource": Resource(row["resource"]), "removed": bool(row["removed"])}
    return Record(**{**row, **given})


def _number(one: Record) -> int:
    return one.id or 0


def _content_size(one: Record) -> int:
    return len(one.content or "")
