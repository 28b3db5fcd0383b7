"""Pages that end where their contents take too many bytes.

Rows are read a few at a time, so that neither the page nor what was read for it takes much memory.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, Text, case, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from reseller_webhooks.core.records.page import BoundedPage

BYTES_MAX = 2 * 1024 * 1024
"""Of the contents in a page; a first one that is larger makes a page of its own."""
LARGE_BYTES = 32 * 1024
"""Texts of more bytes are read one by one, where 1,000 rows are read at once."""
FIRST_ROWS = 8
"""Read at first, when nothing is known of their size."""
GROWTH = 4

P = TypeVar("P")
T = TypeVar("T")


def read(
    some: Callable[[P, int], Sequence[T]],
    after: P,
    *,
    place: Callable[[T], P],
    size: Callable[[T], int],
    limit: int,
) -> BoundedPage[T]:
    """A page of up to `limit` rows, fewer where they have more than BYTES_MAX.

    some: reads rows from behind a place, so many at most. place: where a row is. size: of its
    contents.
    """
    found: list[T] = []
    total, rows = 0, FIRST_ROWS
    while True:
        asked = min(rows, limit + 1 - len(found))
        following = some(after, asked)
        for one in following:
            total += size(one)
            if found and (len(found) == limit or total > BYTES_MAX):
                return BoundedPage(found, has_more=True)
            found.append(one)
        if len(following) < asked:
            return BoundedPage(found, has_more=False)
        after = place(found[-1])
        rows = _next_rows(rows, total, len(found))


class _byte_length(FunctionElement[int]):  # noqa: N801 - as SQLAlchemy names functions
    """PostgreSQL does not read the text for it."""

    type = Integer()
    inherit_cache = True


@compiles(_byte_length, "sqlite")
def _of_blob(element: _byte_length, compiler: SQLCompiler, **given: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **given)} AS BLOB))"


@compiles(_byte_length, "postgresql")
def _of_octets(element: _byte_length, compiler: SQLCompiler, **given: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **given)})"


def byte_length(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The bytes of a text in a row; 0 without one."""
    return func.coalesce(_byte_length(column), literal_column("0"))


def unless_large(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A text of a row, empty if it has more than LARGE_BYTES."""
    is_large = byte_length(column) > literal_column(str(LARGE_BYTES))
    return case((is_large, literal_column("''", Text)), else_=column)


def _next_rows(rows: int, size: int, count: int) -> int:
    """The number of rows to read next: as many as fit, if they have the average size so far."""
    fitting = (BYTES_MAX - size) * count // max(size, 1) + 1
    return max(1, min(GROWTH * rows, fitting))
