"""Pages that end where their contents take too many bytes.

Rows are read a few at a time, so that neither the page nor what was read for it takes much memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reseller_webhooks.core.records import Record

BYTES_MAX = 2 * 1024 * 1024
"""Of the contents in a page; a first one that is larger makes a page of its own."""
FIRST_ROWS = 8
"""Read at first, when nothing is known of their size."""
GROWTH = 4

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records of a page. has_more: whether others follow."""

    records: list[Record]
    has_more: bool


def read(
    some: Callable[[P, int], Sequence[Record]],
    after: P,
    *,
    place: Callable[[Record], P],
    limit: int,
) -> RecordPage:
    """A page of up to `limit` records, fewer where they have more than BYTES_MAX.

    some: reads records from behind a place, so many at most. place: where a record is.
    """
    records: list[Record] = []
    size, rows = 0, FIRST_ROWS
    while True:
        asked = min(rows, limit + 1 - len(records))
        found = some(after, asked)
        for one in found:
            size += len(one.content or "")
            if records and (len(records) == limit or size > BYTES_MAX):
                return RecordPage(records, has_more=True)
            records.append(one)
        if len(found) < asked:
            return RecordPage(records, has_more=False)
        after = place(records[-1])
        rows = _next_rows(rows, size, len(records))


def _next_rows(rows: int, size: int, count: int) -> int:
    """How many rows to read next: as many as fit, if they are as large as those so far."""
    fitting = (BYTES_MAX - size) * count // max(size, 1) + 1
    return max(1, min(GROWTH * rows, fitting))
