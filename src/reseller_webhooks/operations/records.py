"""Read the current records."""

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Conflict, NotFound
from reseller_webhooks.core.messages.changes import RECORD_OF_SEVERAL
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.page import RecordPage
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events, records


def get(
    database: Database,
    resource: Resource,
    uuid: str,
    *,
    reseller_id: int | None,
    parent: str | None = None,
) -> Record:
    """The live record that goes by this id.

    reseller_id None: the platform asks, and may mean any reseller's. Conflict when two
    resellers have such a record.
    """
    with database.read() as tx:
        found = records.find(tx, resource, uuid, reseller_id=reseller_id, parent=parent)
    live = [record for record in found if not record.removed]
    if len({record.reseller_id for record in live}) > 1:
        raise Conflict(RECORD_OF_SEVERAL(kind=resource.label, id=uuid))
    if not live:
        raise NotFound(resource.label, uuid)
    return live[0]


def page(
    database: Database,
    resource: Resource,
    *,
    reseller_id: int | None,
    parent: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> RecordPage:
    """Live records in the order they came, from behind the store's number `after`."""
    with database.read() as tx:
        return records.bounded(
            lambda behind, rows: records.page(
                tx, resource, reseller_id=reseller_id, parent=parent, after=behind, limit=rows
            ),
            after,
            limit=limit,
        )


def event(database: Database, uuid: str, *, reseller_id: int | None) -> Event:
    """The event with that id."""
    with database.read() as tx:
        found = events.by_uuid(tx, uuid, reseller_id=reseller_id)
    if found is None:
        raise NotFound("event", uuid)
    return found
