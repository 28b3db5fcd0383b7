"""Deletes history: circuit changes, revoked keys, workers, jobs, e-mails, deleted webhooks."""

from sqlalchemy import delete, exists, func, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import (
    api_key,
    attempt,
    backfill,
    circuit_change,
    delivery,
    email,
    job,
    member,
    webhook,
    webhook_alert,
)


def drop(tx: Tx, before: Micros, *, limit: int) -> int:
    """Delete what ended before an instant, up to `limit` rows of each table; how many in all."""
    ended = (
        (circuit_change.c.id, circuit_change.c.at),
        (api_key.c.id, api_key.c.revoked_at),
        (member.c.id, member.c.until),
        (job.c.id, job.c.finished_at),
        (email.c.id, email.c.finished_at),
    )
    dropped = 0
    for number, at in ended:
        old = select(number).where(at < before).order_by(at).limit(limit)
        statement = delete(number.table).where(number.in_(old))
        dropped += tx.connection.execute(statement).rowcount
    return dropped


def drop_webhooks(tx: Tx, before: Micros, *, limit: int) -> int:
    """Delete up to `limit` webhooks deleted before an instant that nothing names; how many.

    No delivery is left of them and no line of the log. Not the newest webhook: SQLite would give
    its number to another one. The audit log has names of its own.
    """
    newest = select(func.max(webhook.c.id)).scalar_subquery()
    statement = select(webhook.c.id).where(
        webhook.c.deleted_at < before, webhook.c.id < newest, ~_HAS_DELIVERIES, ~_HAS_LINES
    )
    numbers = list(tx.connection.execute(statement.limit(limit)).scalars())
    named = (
        circuit_change.c.webhook_id,
        backfill.c.webhook_id,
        webhook_alert.c.webhook_id,
        webhook.c.id,
    )
    for column in named:
        tx.connection.execute(delete(column.table).where(column.in_(numbers)))
    return len(numbers)


_HAS_DELIVERIES = exists().where(delivery.c.webhook_id == webhook.c.id)
_HAS_LINES = exists().where(attempt.c.webhook_id == webhook.c.id, attempt.c.state.is_not(None))
