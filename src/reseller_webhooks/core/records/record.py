"""A record: the current state of one resource."""

from dataclasses import dataclass
from typing import NamedTuple

from reseller_webhooks.core.enums import Resource


class RecordKey(NamedTuple):
    """The key of a record, in the sequence of the store's unique index."""

    uuid: str
    resource: Resource
    reseller_id: int


@dataclass(frozen=True, slots=True)
class Record:
    """The current state of a resource. id is None until it is stored; content None when removed.

    version: counts the changes, from 1. parent and alias: only of an app assignment, its
    subscription and its user. changed_at: microseconds UTC.
    """

    id: int | None
    reseller_id: int
    resource: Resource
    uuid: str
    parent: str | None
    alias: str | None
    version: int
    removed: bool
    status: str | None
    content: str | None
    changed_at: int
