"""Snapshots and digests in the API."""

from typing import Annotated, Any

from pydantic import Field

from reseller_webhooks.core.sync.digests import BUCKETS
from reseller_webhooks.http.api.schemas import Shape

Sum = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class SyncedRecord(Shape):
    """The current state of a record."""

    uuid: str
    version: int
    removed: bool
    content: dict[str, Any] | None = Field(description="Null of a removed record.")


class SyncedRecords(Shape):
    """A page of records."""

    items: list[SyncedRecord]
    next_cursor: str = Field(description="The cursor behind this page; keep the last one.")
    has_more: bool = Field(description="Whether there are more records to read at once.")


class SyncDigest(Shape):
    """The digest over every record of a type, tombstones too."""

    count: int
    digest: str
    buckets: list[Sum] = Field(min_length=BUCKETS, max_length=BUCKETS)
    version_floor: int = Field(description="Versions of records that are gone are not above it.")
