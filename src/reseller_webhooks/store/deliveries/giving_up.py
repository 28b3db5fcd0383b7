"""Gives up pending deliveries: those to a dead receiver, and those past their retention."""

from typing import Any

from sqlalchemy import Select, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.deliveries.delivery import Trigger
from reseller_webhooks.core.messages.attempts import EXPIRED, RECEIVER_DEAD
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries import closing
from reseller_webhooks.store.deliveries.deliveries import LATEST_ONLY
from reseller_webhooks.store.tables import delivery, webhook
from reseller_webhooks.store.tables.deliveries import any_attempts, is_tried


def on_dead_receiver(tx: Tx, webhook_id: int, *, before: Micros, limit: int) -> int:
    """Close up to `limit` deliveries of a webhook that were created before an instant; how many.

    No delivery is closed when the webhook is paused or was changed since that instant: after a
    resume or a new URL the pending deliveries get a whole schedule. Where a webhook wants the
    latest state, the newest delivery of each record stays.
    """
    unchanged = _ACTIVE.where(webhook.c.id == webhook_id, webhook.c.changed_at < before)
    latest_only = tx.connection.execute(unchanged).scalar()
    if latest_only is None:
        return 0
    numbers: set[int] = set()
    for statement in _old(webhook_id, before):
        kept = statement.where(_has_successor) if latest_only else statement
        numbers |= set(tx.connection.execute(kept.limit(limit)).scalars())
    oldest = sorted(numbers)[:limit]
    return closing.close(tx, oldest, Trigger.GIVE_UP, RECEIVER_DEAD, reason=Reason.RECEIVER_DEAD)


def expired(tx: Tx, *, before: Micros, limit: int) -> int:
    """Close deliveries created before an instant, among the `limit` oldest ones; how many."""
    # By number, which the primary key has in order, and not by time, which no index has.
    oldest = select(delivery.c.id, delivery.c.created_at).order_by(delivery.c.id).limit(limit)
    rows = tx.connection.execute(oldest).tuples()
    numbers = [number for number, created_at in rows if created_at < before]
    return closing.close(tx, numbers, Trigger.GIVE_UP, EXPIRED, reason=Reason.EXPIRED)


def _old(webhook_id: int, before: Micros) -> tuple[Select[Any], ...]:
    """Statements for deliveries created before `before`, by two ranges of indexes: never tried, and
    tried."""
    mine = (delivery.c.webhook_id == webhook_id) & (delivery.c.created_at < before)
    waiting = select(delivery.c.id).where(mine, delivery.c.next_at < before)
    return waiting.order_by(delivery.c.next_at), select(delivery.c.id).where(mine, is_tried())


# Locked, so that it is neither paused nor resumed meanwhile.
_ACTIVE = (
    select(LATEST_ONLY)
    .where(webhook.c.state == WebhookState.ACTIVE.value, webhook.c.deleted_at.is_(None))
    .with_for_update(read=True)
)
_newer = delivery.alias("newer")
_has_successor = (
    select(_newer.c.id)
    .where(
        _newer.c.webhook_id == delivery.c.webhook_id,
        any_attempts(_newer),
        _newer.c.resource_uuid == delivery.c.resource_uuid,
        _newer.c.version > delivery.c.version,
    )
    .exists()
)
