"""Many rows at once, past SQLAlchemy's work on each row and each parameter.

SQLAlchemy still writes the statement, once; rows go straight to the driver and come straight from
it. That halves the cost of a batch. SQLite's driver moreover lets other threads in at each step
of a statement, so there many rows are one statement: a busy process gets back late.

Statements come in few sizes, so that each is written once and the driver has it prepared.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ClauseElement,
    CursorResult,
    Select,
    Table,
    Update,
    bindparam,
    insert,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.compiler import SQLCompiler as Compiled

from reseller_webhooks.store.database import Tx

ROWS_A_STATEMENT = 256
"""Of one insert; 20 columns of as many rows are well under SQLite's 32,766 parameters."""
MARK = "__"
"""What the names of parameters end in that each of many asks has for itself."""
NOBODY = 0
"""The store numbers rows from 1 on, so this one is never there."""

Named = Callable[[Sequence[BindParameter[int]]], ClauseElement]
"""A statement about rows with these numbers; a function of a module, as it is told by its name."""


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


def among(tx: Tx, named: Named, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """The rows of a statement that names some rows by their numbers."""
    if not numbers:
        return []
    size = size_for(len(numbers))
    padded = [*numbers, *[NOBODY] * (size - len(numbers))]
    compiled = _naming(named, size, tx.connection.dialect)
    given = tuple(padded) if compiled.positiontup is not None else _by_name(padded)
    return rows(tx.connection.exec_driver_sql(str(compiled), given))


def each(tx: Tx, one: Select[Any], asks: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The rows of a select that is asked many times at once, each time with other parameters.

    The names of those parameters end in MARK, in the select and not in the asks. With NOBODY for
    each it must find nothing.
    """
    size = size_for(len(asks))
    padded = [*asks, *[dict.fromkeys(asks[0], NOBODY)] * (size - len(asks))]
    text, compiled = _asking(one, size, tx.connection.dialect)
    same = {name: its for name, its in compiled.params.items() if not name.endswith(MARK)}
    given = [{f"{name}{MARK}": its for name, its in ask.items()} | same for ask in padded]
    if compiled.positiontup is not None:
        values = map(itemgetter(*compiled.positiontup), given)
        return rows(tx.connection.exec_driver_sql(text, tuple(chain.from_iterable(values))))
    by_name = {
        name if name in same else f"{name}{n}": its
        for n, ask in enumerate(given)
        for name, its in ask.items()
    }
    return rows(tx.connection.exec_driver_sql(text, by_name))


def size_for(count: int) -> int:
    """The least power of two that is not less."""
    return 1 << (count - 1).bit_length()


def rows(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """All rows of an answer as the driver has them: for columns that need no conversion."""
    with closing(result):
        assert result.cursor, "a statement that has rows"  # noqa: S101
        try:
            return list(result.cursor.fetchall())
        except result.connection.dialect.loaded_dbapi.Error as error:
            # SQLite works a statement out while its rows are fetched, so it may fail only here.
            raise OperationalError(None, None, error) from error


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
def _naming(named: Named, size: int, dialect: Dialect) -> Compiled:
    some = [bindparam(name, type_=BigInteger) for name in _by_name([NOBODY] * size)]
    written = named(some).compile(dialect=dialect)
    assert isinstance(written, Compiled)  # noqa: S101 - what it may be else has no parameters
    return written


def _by_name(numbers: Sequence[int]) -> dict[str, int]:
    return {f"number{n}": number for n, number in enumerate(numbers)}


@lru_cache(maxsize=64)
def _asking(one: Select[Any], size: int, dialect: Dialect) -> tuple[str, Compiled]:
    """The select once for each ask, and as it is alone."""
    compiled: Compiled = one.compile(dialect=dialect)
    # Each in a query of its own, as only those may have a limit.
    part = "SELECT * FROM ({}) AS ask{}"
    parts = (part.format(str(compiled).replace(MARK, f"{MARK}{n}"), n) for n in range(size))
    return " UNION ALL ".join(parts), compiled
