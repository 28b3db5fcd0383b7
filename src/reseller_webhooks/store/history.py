"""Dropping what only tells of the past: circuit changes, revoked API keys, workers long gone."""

from sqlalchemy import delete, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import api_key, circuit_change, member


def drop(tx: Tx, before: Micros, *, limit: int) -> int:
    """Delete what ended before an instant, up to `limit` rows of each table; how many in all."""
    ended = (
        (circuit_change.c.id, circuit_change.c.at),
        (api_key.c.id, api_key.c.revoked_at),
        (member.c.id, member.c.until),
    )
    dropped = 0
    for number, at in ended:
        old = select(number).where(at < before).order_by(at).limit(limit)
        statement = delete(number.table).where(number.in_(old))
        dropped += tx.connection.execute(statement).rowcount
    return dropped
