"""Pages that end where their contents take too many bytes.

Rows are read a few at a time, so that neither the page nor what was read for it takes much memory.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, LargeBinary, cast, func

from reseller_webhooks.core.records.page import BoundedPage
from reseller_webhooks.store.db.database import Tx

BYTES_MAX = 2 * 1024 * 1024
"""Of the contents in a page; a first one that is larger makes a page of its own."""
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


def byte_length(tx: Tx, column: ColumnElement[str | None]) -> ColumnElement[int]:
    """The bytes of a text in a row; 0 without one. PostgreSQL does not read the text for it."""
    if tx.connection.dialect.name == "sqlite":
        return func.coalesce(func.length(cast(column, LargeBinary)), 0)
    return func.coalesce(func.octet_length(column), 0)


def _next_rows(rows: int, size: int, count: int) -> int:
    """The number of rows to read next: as many as fit, if they have the average size so far."""
    fitting = (BYTES_MAX - size) * count // max(size, 1) + 1
    return max(1, min(GROWTH * rows, fitting))
