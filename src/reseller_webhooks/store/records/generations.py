"""The store's generation: read where versions are given, raised alone, and records lifted to it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
    text,
    true,
    update,
)

from reseller_webhooks.core.deliveries.fan_out_rules import DELIVERIES_MAX
from reseller_webhooks.core.records.generations import Generation
from reseller_webhooks.store.db import bulk_read, bulk_write
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.origin import COPY, TIMELINE_DIGITS
from reseller_webhooks.store.records import records
from reseller_webhooks.store.records.records import Versioned
from reseller_webhooks.store.tables import generation, record, reseller, webhook


@dataclass(frozen=True, slots=True)
class GenerationView:
    """The part of the generation that a transaction needs to give versions.

    is_moved: the store is a copy, or has been promoted, since the generation was raised.
    version_floors: by reseller id, above which records are made anew (store/records/tombstones.py).
    webhooks: by reseller id, how many there are, counted up to one more than the deliveries of a
    transaction.
    """

    floor: int = 0
    is_moved: bool = False
    version_floors: dict[int, int] = field(default_factory=dict)
    webhooks: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lifting:
    """Progress of lifting: records up to `lifted` are done, those up to `lift_to` follow."""

    floor: int
    lifted: int
    lift_to: int


def ask_with_resellers(
    tx: Tx, uuids: Collection[str]
) -> Callable[[], tuple[dict[str, int], GenerationView]]:
    """The store's numbers of those resellers that exist, and the generation.

    Both come in one statement, and are waited for when they are called for.
    """
    is_postgres = tx.dialect.name == "postgresql"
    asked = bulk_read.ask_in(tx, _with_timeline if is_postgres else _with_copy, list(uuids))

    def found() -> tuple[dict[str, int], GenerationView]:
        rows = asked()
        floors = {number: version_floor for _, number, version_floor, *_ in rows}
        webhooks = {number: count for _, number, *_, count in rows}
        first = rows[0] if rows else None
        view = GenerationView(first[3], bool(first[4]), floors, webhooks) if first else None
        return {uuid: number for uuid, number, *_ in rows}, view or GenerationView()

    return found


def is_moved(tx: Tx) -> bool:
    """True if the store is a copy, or was promoted, since the generation was raised."""
    is_postgres = tx.dialect.name == "postgresql"
    moved = _is_another_timeline() if is_postgres else generation.c.origin == COPY
    return bool(tx.connection.execute(select(moved).select_from(generation)).scalar())


def current(tx: Tx) -> Generation:
    """The generation in force."""
    columns = generation.c.number, generation.c.floor, generation.c.raised_at
    return Generation(*tx.connection.execute(select(*columns)).one())


def origin(tx: Tx) -> str | None:
    """The place of the store at the last check; see store/db/origin.py."""
    return tx.connection.execute(select(generation.c.origin)).scalar()


def note_origin(tx: Tx, value: str) -> None:
    """Note where the store is."""
    tx.connection.execute(update(generation).values(origin=value))


def shut_out_others(tx: Tx) -> None:
    """Wait until every transaction that has read the generation has ended, and let none begin.

    On PostgreSQL whoever reads a table holds a lock on it until the end of its transaction; an
    SQLite file has one writer anyhow. A pg_dump may hold one for long: the wait has the
    transaction's lock_timeout.
    """
    if tx.dialect.name == "postgresql":
        tx.connection.execute(text("LOCK TABLE generation IN ACCESS EXCLUSIVE MODE"))


def write(tx: Tx, one: Generation) -> None:
    """Begin a generation; every record there is has to be lifted."""
    last = select(func.coalesce(func.max(record.c.id), 0)).scalar_subquery()
    columns = {"number": one.number, "floor": one.floor, "raised_at": one.raised_at}
    tx.connection.execute(update(generation).values(columns | {"lifted": 0, "lift_to": last}))


def is_lifting(tx: Tx) -> bool:
    """True while records are still to be lifted."""
    statement = select(generation.c.lifted < generation.c.lift_to)
    return bool(tx.connection.execute(statement).scalar())


def lifting(tx: Tx) -> Lifting | None:
    """The progress of lifting, locked; None when it is done, or another process takes this step."""
    statement = select(generation.c.floor, generation.c.lifted, generation.c.lift_to).where(
        generation.c.lifted < generation.c.lift_to
    )
    row = tx.connection.execute(statement.with_for_update(skip_locked=True)).first()
    return Lifting(*row) if row else None


def next_records(tx: Tx, one: Lifting, *, limit: int) -> list[Versioned]:
    """The records that follow, locked."""
    following = record.c.id > one.lifted, record.c.id <= one.lift_to
    return records.locked(tx, *following, limit=limit)


def lift(tx: Tx, some: Sequence[Versioned], version: int) -> None:
    """Give records a version."""
    bulk_write.change(tx, _LIFT, [{"row_id": one.id, "version": version} for one in some])


def note_lifted(tx: Tx, upto: int) -> None:
    """Records up to this number are lifted."""
    tx.connection.execute(update(generation).values(lifted=upto))


_LIFT = (
    update(record)
    .where(record.c.id == bindparam("row_id"))
    .values({"version": bindparam("version")})
)


def _with_copy(uuids: bulk_read.Some) -> Select[Any]:
    return _reading(uuids, generation.c.origin == COPY)


def _with_timeline(uuids: bulk_read.Some) -> Select[Any]:
    return _reading(uuids, _is_another_timeline())


def _reading(uuids: bulk_read.Some, is_moved: ColumnElement[bool]) -> Select[Any]:
    mine = reseller.c.uuid, reseller.c.id, reseller.c.version_floor
    columns = *mine, generation.c.floor, is_moved.label("is_moved")
    return (
        select(*columns, _webhooks().label("webhooks"))
        .join_from(reseller, generation, true())
        .where(reseller.c.uuid.in_(uuids))
    )


def _webhooks() -> ScalarSelect[int]:
    """Number of the reseller's webhooks, from the index that fan-out reads."""
    its = webhook.c.reseller_id == reseller.c.id, webhook.c.deleted_at.is_(None)
    some = select(webhook.c.id).where(*its).limit(DELIVERIES_MAX + 1).correlate(reseller)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _is_another_timeline() -> ColumnElement[bool]:
    timeline = select(func.store_timeline()).scalar_subquery()
    return func.right(generation.c.origin, TIMELINE_DIGITS) != timeline
