"""Cursors of paged lists: where the next page begins."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import CURSOR_INVALID
from reseller_webhooks.operations.public_ids import PublicIds

T = TypeVar("T")

PURPOSE = "cursor"
LIMIT_MAX = 500
NUMBER_MAX = 2**63 - 1
"""The store's greatest number."""

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(description="`nextCursor` of the page before.", max_length=100)
]


def position(ids: PublicIds, cursor: str | None, count: int = 1) -> tuple[int, ...] | None:
    """The `count` numbers in a cursor. Invalid for a cursor that is not valid."""
    if cursor is None:
        return None
    numbers = ids.decrypt(PURPOSE, cursor, count) or _plain(cursor)
    if len(numbers) != count or not all(0 <= one <= NUMBER_MAX for one in numbers):
        raise Invalid.at("/cursor", CURSOR_INVALID())
    return numbers


def cut(
    ids: PublicIds, rows: Sequence[T], limit: int, place: Callable[[T], tuple[int, ...]]
) -> tuple[Sequence[T], str | None]:
    """A page, and the cursor of the next page if there is one. rows: one more than the limit."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_behind(ids, place(rows[limit - 1]))


def cursor_behind(ids: PublicIds, place: tuple[int, ...]) -> str:
    """The cursor of a page that begins behind a place."""
    return ids.encrypt(PURPOSE, *place)


def _plain(cursor: str) -> tuple[int, ...]:
    """The numbers of a cursor of 0.1.0, which did not hide them."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return tuple(int(one) for one in urlsafe_b64decode(padded).decode("ascii").split("."))
    except ValueError:
        return ()
