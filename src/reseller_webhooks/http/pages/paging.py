"""Page sizes of lists, which read one row more to know whether more follow."""

from collections.abc import Sequence
from typing import TypeVar

WEBHOOKS = 50
"""Webhooks on a page of their list."""
T = TypeVar("T")


def split_page(rows: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """The rows to show, and the last of them if more follow."""
    return (rows[:limit], rows[limit - 1]) if len(rows) > limit else (rows, None)
