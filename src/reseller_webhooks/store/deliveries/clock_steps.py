"""Deliveries that wait too long because the store's clock was stepped back: found and pulled back.

A delivery that was not tried yet is due when it is made. Any other waits from `scheduled_at` until
`next_at`. So one that was made or scheduled in the future shows that the clock was stepped back
since. It begins its wait anew: so it is due at most one wait later than it would have been.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, update

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import delivery, reseller

TOLERATED = SECOND
"""Workers know the store's time only so well."""


def are_any(tx: Tx) -> bool:
    """True if a delivery is due later than any schedule allows; reads along indexes."""
    if _is_there(tx, delivery.c.scheduled_at > _latest(tx)):
        return True
    resellers = _resellers(tx)
    return bool(resellers) and _is_there(tx, _is_new(_latest(tx), resellers))


def pull_back(tx: Tx, parts: Collection[int], *, limit: int) -> list[int]:
    """Pull back up to `limit` deliveries of some partitions; the webhook of each.

    Those that somebody else is just changing are left for the next time.
    """
    retries = _select_ids(tx, delivery.c.scheduled_at > _latest(tx), parts, limit)
    new = _select_ids(tx, _is_new(_latest(tx), _resellers(tx)), parts, limit - len(retries))
    wait = func.coalesce(delivery.c.next_at - delivery.c.scheduled_at, 0)
    pulled = {
        "next_at": tx.now + case((delivery.c.attempts > 0, wait), else_=0),
        "scheduled_at": tx.now,
    }
    numbers = [number for number, _ in [*retries, *new]]
    tx.connection.execute(update(delivery).where(delivery.c.id.in_(numbers)).values(pulled))
    return [webhook_id for _, webhook_id in [*retries, *new]]


def _latest(tx: Tx) -> Micros:
    return tx.now + TOLERATED


def _resellers(tx: Tx) -> list[int]:
    """Those with deliveries that were made in the future."""
    # One look into the index for each reseller; else all deliveries would be read.
    newest = select(func.max(delivery.c.created_at)).where(delivery.c.reseller_id == reseller.c.id)
    rows = tx.connection.execute(select(reseller.c.id, newest.scalar_subquery())).tuples()
    return [number for number, at in rows if at is not None and at > _latest(tx)]


def _is_new(latest: Micros, resellers: Collection[int]) -> ColumnElement[bool]:
    made = delivery.c.reseller_id.in_(resellers) & (delivery.c.created_at > latest)
    return made & (delivery.c.attempts == 0) & (delivery.c.next_at > latest)


def _is_there(tx: Tx, which: ColumnElement[bool]) -> bool:
    return tx.connection.execute(select(delivery.c.id).where(which).limit(1)).first() is not None


def _select_ids(
    tx: Tx, which: ColumnElement[bool], parts: Collection[int], limit: int
) -> list[tuple[Any, ...]]:
    statement = (
        select(delivery.c.id, delivery.c.webhook_id)
        .where(which, delivery.c.part.in_(parts))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [tuple(row) for row in tx.connection.execute(statement)]
