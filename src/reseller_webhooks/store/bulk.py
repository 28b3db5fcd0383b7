"""Many rows written at once, past SQLAlchemy's work on each row.

SQLAlchemy still writes the statement, once; rows go straight to the driver. That halves the cost of
a batch. On SQLite many rows are one statement, for the reason that reads.py gives.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Table, Update, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler as Compiled

from reseller_webhooks.store.database import Tx

ROWS_A_STATEMENT = 256
"""Of one statement; 20 columns of as many rows are well under SQLite's 32,766 parameters."""


def add(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    compiled = _inserting(table, tuple(rows[0]), tx.connection.dialect)
    if compiled.positiontup is None:
        tx.connection.exec_driver_sql(str(compiled), list(rows))
        return
    for some in _portions(compiled, rows):
        tx.connection.exec_driver_sql(_of_many(compiled, len(some)), _flat(some))


def add_numbered(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """As `add`; the rows' numbers, in the same sequence."""
    if not rows:
        return []
    compiled = _inserting(table, tuple(rows[0]), tx.connection.dialect)
    if compiled.positiontup is None:
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(tx.connection.execute(statement, list(rows)).scalars())
    numbers: list[int] = []
    for some in _portions(compiled, rows):
        done = tx.connection.exec_driver_sql(_of_many(compiled, len(some)), _flat(some))
        # SQLite numbers one after the other, and nobody else writes meanwhile.
        numbers.extend(range(done.lastrowid - len(some) + 1, done.lastrowid + 1))
    return numbers


def change(tx: Tx, statement: Update, rows: Sequence[dict[str, Any]]) -> None:
    """Run an update for each row of parameters; no two are for the same row of the table."""
    if not rows:
        return
    compiled = _updating(statement, tx.connection.dialect)
    if compiled.positiontup is None:
        tx.connection.exec_driver_sql(str(compiled), list(rows))
        return
    for some in _portions(compiled, rows):
        tx.connection.exec_driver_sql(_changing_many(compiled, len(some)), _flat(some))


def _portions(compiled: Compiled, rows: Sequence[dict[str, Any]]) -> Iterator[list[Any]]:
    """Values as the driver takes them, by position; in few sizes, so that each is prepared."""
    names = compiled.positiontup or ()
    given = [tuple(row[name] for name in names) for row in rows]
    start = 0
    while start < len(given):
        size = min(ROWS_A_STATEMENT, 1 << (len(given) - start).bit_length() - 1)
        yield given[start : start + size]
        start += size


def _flat(some: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(chain.from_iterable(some))


@lru_cache(maxsize=64)
def _inserting(table: Table, names: tuple[str, ...], dialect: Dialect) -> Compiled:
    return insert(table).compile(dialect=dialect, column_keys=list(names))


@lru_cache(maxsize=64)
def _updating(statement: Update, dialect: Dialect) -> Compiled:
    return statement.compile(dialect=dialect)


@lru_cache(maxsize=256)
def _of_many(compiled: Compiled, count: int) -> str:
    """The insert of one row, with the values of many."""
    head, values, one = str(compiled).partition(" VALUES ")
    return head + values + ", ".join([one] * count)


@lru_cache(maxsize=256)
def _changing_many(compiled: Compiled, count: int) -> str:
    """The update of one row, joined with the values for many."""
    parts = str(compiled).split("?")
    columns = (f"given.column{n}" for n in range(1, len(parts)))
    joined = "".join(chain.from_iterable(zip(parts, [*columns, ""], strict=True)))
    one = f"({', '.join('?' * (len(parts) - 1))})"
    given = f" FROM (VALUES {', '.join([one] * count)}) AS given WHERE "
    return given.join(joined.split(" WHERE ", 1))
