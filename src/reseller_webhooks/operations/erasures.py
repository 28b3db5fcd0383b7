"""Erasure of a record: its content goes from record, events, deliveries and log.

First the record is removed as any change does it, then its events are deleted in steps. A caller
that gets no answer sends the same request again: every step may be repeated.
"""

from dataclasses import dataclass

from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import NotFound, ResellerWebhooksError
from reseller_webhooks.core.records.changes import Change, Remove
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.operations import changes
from reseller_webhooks.operations.changes import ChangeRequest, ChangeResult
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import erasure


@dataclass(frozen=True, slots=True)
class Erasure:
    """version: of the record's tombstone. events: how many were deleted."""

    version: int
    events: int


def erase_record(
    database: Database, reseller: Reseller, resource: Resource, uuid: str, *, public_url: str
) -> Erasure:
    """Erase a record, also one that was removed before. NotFound if nothing is kept of it."""
    record = RecordKey(uuid, resource, reseller.id)
    removed = _remove(database, reseller, record, public_url)
    below = removed.version or _behind_newest(database, record)
    erased = count = _erase(database, record, below)
    while count == erasure.CHUNK:
        count = _erase(database, record, below)
        erased += count
    with database.write() as tx:
        details = {"resource": resource.value, "events": erased}
        audit.write(tx, Act.RECORD_ERASED, Subject(uuid, uuid, reseller.id), details)
    return Erasure(removed.version, erased)


def _remove(
    database: Database, reseller: Reseller, record: RecordKey, public_url: str
) -> ChangeResult:
    """Make the record a tombstone; its REMOVED notification says that it was erased."""
    change = Change(reseller.uuid, record.resource, record.uuid, Remove(erased=True))
    (answer,) = changes.apply(database, [ChangeRequest((change,))], public_url=public_url)
    if isinstance(answer, ResellerWebhooksError):
        raise answer
    return answer.results[0]


def _behind_newest(database: Database, record: RecordKey) -> int:
    """The version behind the newest event of a record whose tombstone is deleted."""
    with database.read() as tx:
        newest = erasure.latest_version(tx, record)
    if newest is None:
        raise NotFound(record.resource.label, record.uuid)
    return newest + 1


def _erase(database: Database, record: RecordKey, below: int) -> int:
    with database.write() as tx:
        return erasure.erase_events(tx, record, below)
