"""Asks the store whether it takes changes; on PostgreSQL a standby answers reads alone."""

from sqlalchemy import false, select, update

from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import member, reseller


def require_writable(tx: Tx) -> None:
    """Run a statement that writes no row; the store refuses it where it takes no changes."""
    tx.connection.execute(select(reseller.c.id).limit(1))
    tx.connection.execute(update(member).where(false()).values(until=0))
