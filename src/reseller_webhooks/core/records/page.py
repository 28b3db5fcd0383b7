"""Pages of rows that are bounded in bytes."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from reseller_webhooks.core.records.record import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BoundedPage(Generic[T]):
    """Rows of a page. has_more: whether others follow."""

    rows: list[T]
    has_more: bool


RecordPage = BoundedPage[Record]
