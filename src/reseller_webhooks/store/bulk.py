"""Many rows written at once, past SQLAlchemy's work on each row.

SQLAlchemy still writes the statement, once; rows go straight to the driver. That halves the cost of
a batch. On SQLite many rows are one statement, for the reason that reads.py gives.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, Update, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler as Compiled

from reseller_webhooks.store.database import Tx

ROWS_A_STATEMENT = 256
"""Of one insert; 20 columns of as many rows are well under SQLite's 32,766 parameters."""


def add(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    compiled = _inserting(table, tuple(rows[0]), tx.connection.dialect)
    if compiled.positiontup is None:
        tx.connection.exec_driver_sql(str(compiled), list(rows))
        return
    given = list(map(itemgetter(*compiled.positiontup), rows))
    start = 0
    while start < len(given):
        # Statements come in few sizes, so that the driver has each prepared.
        size = min(ROWS_A_STATEMENT, 1 << (len(given) - start).bit_length() - 1)
        values = tuple(chain.from_iterable(given[start : start + size]))
        tx.connection.exec_driver_sql(_of_many(compiled, size), values)
        start += size


def change(tx: Tx, statement: Update, rows: Sequence[dict[str, Any]]) -> None:
    """Run an update once for each row of parameters."""
    if not rows:
        return
    compiled = _updating(statement, tx.connection.dialect)
    given: list[Any] = list(rows)
    if compiled.positiontup is not None:  # the driver takes parameters by position
        given = list(map(itemgetter(*compiled.positiontup), rows))
    tx.connection.exec_driver_sql(str(compiled), given)


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
