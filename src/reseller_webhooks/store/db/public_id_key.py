"""The key that encrypts public ids; made by a migration, and never changed."""

from sqlalchemy import select

from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import public_id_key


def get(tx: Tx) -> bytes:
    """32 random bytes."""
    return bytes.fromhex(tx.connection.execute(select(public_id_key.c.key)).scalar_one())
