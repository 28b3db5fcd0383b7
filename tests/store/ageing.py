"""Tombstones as they are months later."""

from sqlalchemy import delete, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.operations import tombstones
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import event, feature, record


def age(database: Database, *, days: int = 91, with_events: bool = True) -> None:
    """Let tombstones, and the version floors, be older; and what was told of them be gone."""
    with database.write() as tx:
        before = tx.now - days * DAY
        gone = update(record).where(record.c.removed.is_(True))
        tx.connection.execute(gone.values(changed_at=before))
        tx.connection.execute(update(feature).values(since=before))
        if with_events:
            tx.connection.execute(delete(event))


def drop(database: Database) -> int:
    """How many tombstones go after 90 days."""
    return tombstones.drop(database, retention_days=90).deleted
