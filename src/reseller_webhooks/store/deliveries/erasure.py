"""Erasure of a record's events, with all that repeats their contents."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select, update

from reseller_webhooks.core.deliveries.delivery import Trigger
from reseller_webhooks.core.messages.attempts import CONTENT_ERASED
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries import closing
from reseller_webhooks.store.tables import attempt, delivery, event, pending_fan_out

CHUNK = 500
"""Events in one transaction."""


def latest_version(tx: Tx, record: RecordKey) -> int | None:
    """The version of the record's newest event that is kept, None if there is none."""
    newest = select(func.max(event.c.version)).where(*_of(record))
    return tx.connection.execute(newest).scalar()


def erase_events(tx: Tx, record: RecordKey, below: int) -> int:
    """Delete up to CHUNK events of a record below a version, and return how many.

    Their pending deliveries are cancelled, and what receivers answered is removed. The log shows no
    delivery whose event is deleted.
    """
    statement = select(event.c.id).where(*_of(record), event.c.version < below).limit(CHUNK)
    numbers = list(tx.connection.execute(statement).scalars())
    tx.connection.execute(delete(pending_fan_out).where(pending_fan_out.c.event_id.in_(numbers)))
    pending = select(delivery.c.id).where(delivery.c.event_id.in_(numbers))
    open_deliveries = list(tx.connection.execute(pending).scalars())
    closing.close(tx, open_deliveries, Trigger.CANCEL, CONTENT_ERASED, waits=True)
    _remove_answers(tx, numbers)
    tx.connection.execute(delete(event).where(event.c.id.in_(numbers)))
    return len(numbers)


def _remove_answers(tx: Tx, events: Sequence[int]) -> None:
    blank = update(attempt).where(attempt.c.event_id.in_(events))
    tx.connection.execute(blank.values(response="", response_headers=None))


def _of(record: RecordKey) -> tuple[ColumnElement[bool], ...]:
    return (
        event.c.reseller_id == record.reseller_id,
        event.c.resource == record.resource,
        event.c.resource_uuid == record.uuid,
    )
