"""Events and attempts by day, on PostgreSQL: a partition each, so that a day is dropped at once.

Ids carry the day. Partitions are made some days ahead, and when a day begins the sequence jumps to
day << DAY_BITS, so a partition is a range of ids: whoever knows an id reads one partition, and the
primary key stays the id. Who is late with the turn does no harm: rows fall into the partition of
the day before, and an insert never lacks a place.

Partitions are made and dropped by functions of the database (migration 0009), which have the
rights of the tables' owner: the role that serves needs none but to call them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnClause, column, exists, func, or_, select, table, text

from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import delivery, pending_fan_out

DAY_BITS = 36
"""68 billion ids a day, and every id below 2**53 for the next 300 years."""
INSTANTS = {"event": "changed_at", "attempt": "at"}
"""The partitioned tables, and the column that holds the age of their rows."""
AHEAD = 7
"""Days for which there are partitions before they begin."""
TURNING = 7_269_001
"""The advisory lock of who makes partitions or drops them."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One day's rows of a table: ids from `start` to below `end`."""

    parent: str
    name: str
    start: int
    end: int


def are_kept(tx: Tx) -> bool:
    """True if this database has partitions; an SQLite file has none."""
    return tx.dialect.name == "postgresql"


def first_id(at: Micros) -> int:
    """The first id of a day."""
    return (at // DAY) << DAY_BITS


def since_day_of(number: int) -> int:
    """No row that came of the event with this id has a lower id; 0 without days.

    Two days below the event's own: tables do not turn at the same instant.
    """
    return max(0, (number >> DAY_BITS) - 2 << DAY_BITS)


def make(tx: Tx) -> int:
    """Make the partitions that lack, from where ids are to some days ahead; how many.

    Committed before any turn: a sequence does not wait for its transaction, so whoever inserts
    meanwhile has an id of the new day, and a turn that is taken back leaves the sequence there.
    """
    _lock(tx)
    return sum(_make(tx, parent, day) for parent in INSTANTS for day in _lacking(tx, parent))


def lacks(tx: Tx, at: Micros) -> list[str]:
    """The tables that have no partition for an instant; none where days are not kept."""
    if not are_kept(tx):
        return []
    return [parent for parent in INSTANTS if not _is_placed(tx, parent, first_id(at))]


def turn(tx: Tx) -> int:
    """Let ids begin with today, where it has a partition; how many tables have turned."""
    _lock(tx)
    return sum(_turn(tx, parent) for parent in INSTANTS)


def drop(tx: Tx, before: Micros) -> int:
    """Drop a day of a table all of whose rows are older than an instant; 0 if no day qualifies.

    A day with an event that is still on its way somewhere stays until its deliveries are closed.
    One in a transaction: it keeps readers of its table waiting, and they may hold the other one.
    """
    _lock(tx)
    past = [
        one
        for parent in INSTANTS
        for one in _partitions(tx, parent)
        if one.end <= _last(tx, parent)
    ]
    return int(any(_drop(tx, one) for one in past if _is_old(tx, one, before)))


def _drop(tx: Tx, one: Partition) -> bool:
    if _is_on_its_way(tx, one):
        return False
    dropped = func.reseller_webhooks_drop_day(one.parent, one.name)
    return bool(tx.connection.execute(select(dropped)).scalar())


def _lacking(tx: Tx, parent: str) -> list[int]:
    last = _last(tx, parent) >> DAY_BITS
    # Ids never go back. After a time with a wrong date no row falls into the days before them.
    first = max(last, tx.now // DAY)
    wanted = {last, *range(first, first + AHEAD + 1)}
    held = list(_partitions(tx, parent))
    return [
        day
        for day in sorted(wanted)
        if not any(one.start <= day << DAY_BITS < one.end for one in held)
    ]


def _make(tx: Tx, parent: str, day: int) -> bool:
    tx.connection.execute(select(func.reseller_webhooks_add_day(parent, day)))
    return True


def _is_placed(tx: Tx, parent: str, start: int) -> bool:
    """True if a partition holds ids from `start` on, or from the highest id if that is higher."""
    number = max(start, _last(tx, parent))
    return any(one.start <= number < one.end for one in _partitions(tx, parent))


def _turn(tx: Tx, parent: str) -> bool:
    start = first_id(tx.now)
    if _last(tx, parent) >= start or not _is_placed(tx, parent, start):
        return False
    tx.connection.execute(text(f"SELECT setval('{parent}_id_seq', {start})"))
    return True


def _lock(tx: Tx) -> None:
    tx.connection.execute(text(f"SELECT pg_advisory_xact_lock({TURNING})"))


def _last(tx: Tx, name: str) -> int:
    last: ColumnClause[int] = column("last_value")
    return tx.connection.execute(select(last).select_from(table(f"{name}_id_seq"))).scalar_one()


_BOUNDS = text(
    "SELECT child.relname, pg_get_expr(child.relpartbound, child.oid) FROM pg_inherits"
    " JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = CAST(:parent AS regclass)"
)


def _partitions(tx: Tx, parent: str) -> Iterator[Partition]:
    for name, bound in tx.connection.execute(_BOUNDS, {"parent": parent}):
        # FOR VALUES FROM (MINVALUE) TO ('1427969070579712')
        start, end = (one.strip("()'") for one in bound.split()[3::2])
        yield Partition(parent, name, 0 if start == "MINVALUE" else int(start), int(end))


def _is_old(tx: Tx, one: Partition, before: Micros) -> bool:
    """True if a partition's day and all of its rows are before an instant.

    The rows may be newer than the day, when the date was wrong for a while.
    """
    return max(_newest(tx, one), (one.end >> DAY_BITS) * DAY) < before


def _newest(tx: Tx, one: Partition) -> Micros:
    # By way of the whole table: the right to read that is granted, not the right to read a part.
    number: ColumnClause[int] = column("id")
    at: ColumnClause[int] = column(INSTANTS[one.parent])
    rows = table(one.parent, number, at)
    mine = number.between(one.start, one.end - 1)
    return tx.connection.execute(select(func.max(at)).select_from(rows).where(mine)).scalar() or 0


def _is_on_its_way(tx: Tx, one: Partition) -> bool:
    if one.parent != "event":
        return False
    first, last = one.start, one.end - 1
    of_it = (
        exists().where(delivery.c.event_id.between(first, last)),
        exists().where(pending_fan_out.c.event_id.between(first, last)),
    )
    return bool(tx.connection.execute(select(or_(*of_it))).scalar())
