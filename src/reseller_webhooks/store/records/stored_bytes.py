"""About how many bytes each reseller has stored: each row is counted once, by day.

Events and attempts are only ever added, and go by the day, so nothing is read twice. A minute's
rows wait, since lower ids may still be committed; what is committed later than that is not counted.
Records are taken to be as long as the reseller's events, by the number that the digests hold.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.store.db import missing_rows
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.db.page_bytes import byte_length
from reseller_webhooks.store.tables import attempt, digest, event, number, stored_bytes

SETTLED_AFTER = 60 * SECOND
ROWS_AT_ONCE = 5_000
ROW_BYTES = 200
"""Of a row beside its texts: ids, instants, index entries."""
RECORD_BYTES = 1_000
"""Of a record, where no event of its reseller is kept."""

_ADD = text(
    "INSERT INTO stored_bytes (reseller_id, kind, day, rows, bytes) "
    "VALUES (:reseller_id, :kind, :day, :rows, :bytes) "
    "ON CONFLICT (reseller_id, kind, day) DO UPDATE SET "
    "rows = stored_bytes.rows + :rows, bytes = stored_bytes.bytes + :bytes"
)


@dataclass(frozen=True, slots=True)
class SizedTable:
    """A table whose bytes are counted. at: the column of its time. texts: its long columns."""

    table: Table
    at: ColumnElement[int]
    texts: tuple[ColumnElement[str | None], ...]

    @property
    def position(self) -> str:
        """Name of the position up to which the table has been counted."""
        return f"stored:{self.table.name}"


SOURCES = (
    SizedTable(event, event.c.changed_at, (event.c.body,)),
    SizedTable(
        attempt,
        attempt.c.at,
        (attempt.c.detail, attempt.c.message, attempt.c.response, attempt.c.response_headers),
    ),
)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Rows of a table up to an id: their number and bytes by reseller and day."""

    last: int
    rows: Counter[tuple[int, int]]
    bytes: Counter[tuple[int, int]]


def count(database: Database, source: SizedTable) -> int:
    """Count the bytes of a batch of rows; the number of rows, 0 if no settled rows are left.

    Read apart from the write, so that nobody waits for it. Of two that count the same, one wins.
    """
    with database.read() as tx:
        before = _position(tx, source)
        found = _read(tx, source, before)
    if not found.rows:
        return 0
    with database.write() as tx:
        if _advance(tx, source, before, found.last):
            tx.connection.execute(_ADD, _rows_of(source, found))
    return found.rows.total()


def drop(tx: Tx, before: Micros) -> None:
    """Forget days whose rows were deleted."""
    tx.connection.execute(delete(stored_bytes).where(stored_bytes.c.day < before // DAY))


def by_reseller(tx: Tx, reseller_ids: Collection[int]) -> dict[int, int]:
    """Bytes by reseller."""
    named = stored_bytes.c.reseller_id.in_(reseller_ids)
    rows = tx.connection.execute(
        select(
            stored_bytes.c.reseller_id,
            stored_bytes.c.kind,
            func.sum(stored_bytes.c.rows),
            func.sum(stored_bytes.c.bytes),
        )
        .where(named)
        .group_by(stored_bytes.c.reseller_id, stored_bytes.c.kind)
    ).tuples()
    total: Counter[int] = Counter()
    mean: dict[int, int] = {}
    for reseller_id, kind, count_, size in rows:
        total[reseller_id] += int(size)
        if kind == event.name:
            mean[reseller_id] = int(size) // int(count_)
    for reseller_id, records in _records(tx, reseller_ids).items():
        total[reseller_id] += records * mean.get(reseller_id, RECORD_BYTES)
    return dict(total)


def _records(tx: Tx, reseller_ids: Collection[int]) -> dict[int, int]:
    rows = tx.connection.execute(
        select(digest.c.reseller_id, func.sum(digest.c["count"]))
        .where(digest.c.reseller_id.in_(reseller_ids))
        .group_by(digest.c.reseller_id)
    ).tuples()
    return {reseller_id: int(count_) for reseller_id, count_ in rows}


def _position(tx: Tx, source: SizedTable) -> int:
    named = number.c.name == source.position
    return tx.connection.execute(select(number.c.last).where(named)).scalar() or 0


def _read(tx: Tx, source: SizedTable, after: int) -> _Counted:
    table = source.table
    size = sum(
        (byte_length(column) for column in source.texts[1:]),
        byte_length(source.texts[0]),
    )
    wanted = (
        select(table.c.id, table.c.reseller_id, source.at, size)
        .where(table.c.id > bindparam("after"))
        .order_by(table.c.id)
        .limit(ROWS_AT_ONCE)
    )
    found = _Counted(after, Counter(), Counter())
    last = after
    for row_id, reseller_id, at, length in tx.connection.execute(wanted, {"after": after}):
        if at >= tx.now - SETTLED_AFTER:
            break
        last, day = row_id, (reseller_id, at // DAY)
        found.rows[day] += 1
        found.bytes[day] += length + ROW_BYTES
    return _Counted(last, found.rows, found.bytes)


def _advance(tx: Tx, source: SizedTable, before: int, last: int) -> bool:
    missing_rows.add(tx, number, {"name": source.position, "last": 0})
    named = (number.c.name == source.position) & (number.c.last == before)
    return tx.connection.execute(update(number).where(named).values(last=last)).rowcount == 1


def _rows_of(source: SizedTable, found: _Counted) -> list[dict[str, object]]:
    return [
        {
            "reseller_id": reseller_id,
            "kind": source.table.name,
            "day": day,
            "rows": count_,
            "bytes": found.bytes[reseller_id, day],
        }
        for (reseller_id, day), count_ in found.rows.items()
    ]
