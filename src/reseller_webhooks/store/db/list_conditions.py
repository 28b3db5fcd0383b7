"""Conditions on lists of values: one parameter on PostgreSQL, and on SQLite for a long list.

A parameter for each value costs psycopg tens of microseconds of work on the statement's text, which
holds up every other thread; SQLAlchemy spends 2 µs on it for SQLite. SQLite's planner knows more of
a plain list, so a short one has a parameter for each value there.
"""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    any_,
    bindparam,
    false,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

LONG = 500
"""Values of a list that SQLite takes as one JSON parameter."""


def number_in(column: ColumnElement[Any], numbers: Collection[int] | str) -> ColumnElement[bool]:
    """Condition: the number is in the list. A name stands for a parameter that is bound later."""
    return _is_among(column, numbers, BigInteger())


def without_index(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition, which each row is checked for that another one has found.

    PostgreSQL takes it to be true of half of them. Of a comparison with a sum it would expect one
    row in 200, and sort all that an index has in sequence.
    """
    return func.coalesce(condition, false())


def text_in(column: ColumnElement[Any], texts: Collection[str]) -> ColumnElement[bool]:
    """Condition: the text is in the list."""
    return _is_among(column, texts, Text())


def by_database(
    *, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]
) -> ColumnElement[bool]:
    """A condition that has to be said differently, so that its index is used."""
    return _either(sqlite, postgresql)


def _is_among(
    column: ColumnElement[Any], given: Collection[Any] | str, of: TypeEngine[Any]
) -> ColumnElement[bool]:
    if isinstance(given, str):
        listed: BindParameter[Any] = bindparam(given, expanding=True)
        return _either(column.in_(listed), column == any_(bindparam(given, type_=ARRAY(of))))
    array = bindparam(None, list(given), type_=ARRAY(of), unique=True)
    return _either(_among_on_sqlite(column, list(given)), column == any_(array))


def _among_on_sqlite(column: ColumnElement[Any], given: list[Any]) -> ColumnElement[bool]:
    if len(given) <= LONG:
        return column.in_(given)
    listed = func.json_each(orjson.dumps(given).decode()).table_valued("value")
    return column.in_(select(listed.c.value))


class _either(FunctionElement[bool]):  # noqa: N801 - as SQLAlchemy names functions
    """The first condition on SQLite, the second on PostgreSQL."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "_either":
        """A condition as it is; SQLAlchemy would compare it with 1, which hides the index."""
        del against
        return self


@compiles(_either, "sqlite")
def _first(element: _either, compiler: SQLCompiler, **given: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **given)


@compiles(_either, "postgresql")
def _second(element: _either, compiler: SQLCompiler, **given: Any) -> str:
    _, array = element.clauses
    return compiler.process(array, **given)
