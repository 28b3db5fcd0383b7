"""Many rows written at once, past SQLAlchemy's work on each row.

SQLAlchemy still writes the statement, once; rows go straight to the driver. That halves the cost of
a batch. On SQLite many rows are one statement, for the reason that bulk_read.py gives.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Delete, Table, Update, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from reseller_webhooks.store.db import bulk_read
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.driver import Answer

Values = tuple[Any, ...]
FEW = 2
"""Rows that PostgreSQL gets each by itself; more come as one JSON text."""
ROWS_A_STATEMENT = 256
"""Of one statement; 20 columns of as many rows are well under SQLite's 32,766 parameters."""


def add(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    compiled = _inserting(table, tuple(rows[0]), tx.dialect)
    if compiled.positiontup is None:
        _add_on_postgres(tx, table, str(compiled), rows)
        return
    for some in _portions(compiled, rows):
        tx.driver.send(_of_many(compiled, len(some)), _flat(some))


def _add_on_postgres(tx: Tx, table: Table, inserting: str, rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) > FEW:
        tx.driver.send(*as_json(table, rows))
        return
    for row in rows:
        tx.driver.send(inserting, row)


def add_rows(tx: Tx, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """As `add`. names: of each row's values, in the table's sequence."""
    compiled = _inserting(table, names, tx.dialect)
    if compiled.positiontup is None:
        add(tx, table, [dict(zip(names, row, strict=True)) for row in rows])
        return
    assert tuple(compiled.positiontup) == names  # noqa: S101 - else values went astray
    for some in _sized(rows):
        tx.driver.send(_of_many(compiled, len(some)), _flat(some))


def add_numbered(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """As `add`; the rows' numbers, in the same sequence."""
    if not rows:
        return []
    if tx.dialect.name == "postgresql":
        statement, given = as_json(table, rows, returning=("id",))
        return [number for (number,) in tx.driver.send(statement, given).rows()]
    compiled = _inserting(table, tuple(rows[0]), tx.dialect)
    numbers: list[int] = []
    for some in _portions(compiled, rows):
        last = tx.driver.last_row(_of_many(compiled, len(some)), _flat(some))
        # SQLite numbers one after the other, and nobody else writes meanwhile.
        numbers.extend(range(last - len(some) + 1, last + 1))
    return numbers


def as_json(
    table: Table, rows: Sequence[dict[str, Any]], *, returning: tuple[str, ...] = ()
) -> tuple[str, dict[str, Any]]:
    """The insert of rows, and its parameters. PostgreSQL only."""
    statement = _inserting_json(table, tuple(rows[0]), returning)
    return statement, {"rows": orjson.dumps(list(rows)).decode()}


def change(tx: Tx, statement: Update, rows: Sequence[dict[str, Any]]) -> None:
    """Run an update for each row of parameters; no two are for the same row of the table."""
    if not rows:
        return
    compiled = _updating(statement, tx.dialect)
    if compiled.positiontup is None:
        for row in rows:
            tx.driver.send(str(compiled), row)
        return
    for some in _portions(compiled, rows):
        tx.driver.send(_changing_many(compiled, len(some)), _flat(some))


def remove(tx: Tx, named: Callable[..., Delete], numbers: Sequence[int]) -> int:
    """Delete the rows of these numbers, one at least; how many there were."""
    return ask_remove(tx, named, numbers).count()


def ask_remove(tx: Tx, named: Callable[..., Delete], numbers: Sequence[int]) -> Answer:
    """As `remove`; the count is waited for when it is called for."""
    return tx.driver.send(*bulk_read.bind(tx, *bulk_read.bind_lists(named, numbers)))


def _portions(compiled: SQLCompiler, rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[Values]]:
    """Values as the driver takes them, by position."""
    its = itemgetter(*compiled.positiontup or ())
    return _sized([its(row) for row in rows])


def _sized(rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
    """In few sizes, so that the statement for each is prepared."""
    start = 0
    while start < len(rows):
        size = min(ROWS_A_STATEMENT, 1 << (len(rows) - start).bit_length() - 1)
        yield rows[start : start + size]
        start += size


def _flat(some: Sequence[Values]) -> Values:
    return tuple(chain.from_iterable(some))


@lru_cache(maxsize=64)
def _inserting(table: Table, names: tuple[str, ...], dialect: Dialect) -> SQLCompiler:
    return insert(table).compile(dialect=dialect, column_keys=list(names))


@lru_cache(maxsize=64)
def _inserting_json(table: Table, names: tuple[str, ...], returning: tuple[str, ...]) -> str:
    """The insert of rows that come as one JSON parameter, on PostgreSQL.

    A parameter for each value costs psycopg more time than the rows cost the server.
    """
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = (f"{name} {table.c[name].type.compile(dialect)}" for name in names)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(names)}"  # noqa: S608 - our own
        f" FROM ROWS FROM (json_to_recordset(%(rows)s::json) AS ({', '.join(types)}))"
        f" WITH ORDINALITY AS given({', '.join(names)}, place) ORDER BY place"
        f"{' RETURNING ' * bool(returning)}{', '.join(returning)}"
    )


@lru_cache(maxsize=64)
def _updating(statement: Update, dialect: Dialect) -> SQLCompiler:
    return statement.compile(dialect=dialect)


@lru_cache(maxsize=256)
def _of_many(compiled: SQLCompiler, count: int) -> str:
    """The insert of one row, with the values of many."""
    head, values, one = str(compiled).partition(" VALUES ")
    return head + values + ", ".join([one] * count)


@lru_cache(maxsize=256)
def _changing_many(compiled: SQLCompiler, count: int) -> str:
    """The update of one row, joined with the values for many."""
    parts = str(compiled).split("?")
    columns = (f"given.column{n}" for n in range(1, len(parts)))
    joined = "".join(chain.from_iterable(zip(parts, [*columns, ""], strict=True)))
    one = f"({', '.join('?' * (len(parts) - 1))})"
    given = f" FROM (VALUES {', '.join([one] * count)}) AS given WHERE "
    return given.join(joined.split(" WHERE ", 1))
