"""Records in pages, newest first, tombstones included."""

from sqlalchemy import select

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records.record import Record
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.records.records import COLUMNS, from_row
from reseller_webhooks.store.tables import record


def page(
    tx: Tx, resource: Resource, *, reseller_id: int, behind: int | None, limit: int
) -> list[Record]:
    """Records that came before the number `behind`, the newest first."""
    statement = select(*COLUMNS).where(
        record.c.reseller_id == reseller_id, record.c.resource == resource
    )
    if behind is not None:
        statement = statement.where(record.c.id < behind)
    rows = tx.connection.execute(statement.order_by(record.c.id.desc()).limit(limit))
    return [from_row(row) for row in rows.mappings()]


def called(tx: Tx, uuid: str, *, reseller_id: int) -> list[Record]:
    """The records with this id: at most one of each resource."""
    statement = select(*COLUMNS).where(
        record.c.uuid == uuid,
        record.c.resource.in_([one.value for one in Resource]),
        record.c.reseller_id == reseller_id,
    )
    return [from_row(row) for row in tx.connection.execute(statement).mappings()]
