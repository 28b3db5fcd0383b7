"""Dropping events and attempts past their time, oldest first, a batch at a time."""

from sqlalchemy import ScalarSelect, Table, delete, exists, func, or_, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.db import day_partitions
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import attempt, delivery, event, pending_fan_out


def drop(tx: Tx, before: Micros, *, limit: int) -> int:
    """Drop events and attempts from before an instant: up to `limit` rows, or whole days.

    An event that is still on its way somewhere stays until its deliveries are closed. Of an
    SQLite file the newest of each stays, since it would give their numbers, which are places in
    live views and say how new a copy is, to others. How much was dropped, so that 0 tells the end.
    """
    if day_partitions.are_kept(tx):
        return day_partitions.drop(tx, before)
    old_attempts = (
        select(attempt.c.id)
        .where(attempt.c.at < before, attempt.c.id < _newest(attempt))
        .order_by(attempt.c.at)
        .limit(limit)
    )
    on_its_way = or_(
        exists().where(delivery.c.event_id == event.c.id),
        exists().where(pending_fan_out.c.event_id == event.c.id),
    )
    old_events = (
        select(event.c.id)
        .where(event.c.changed_at < before, ~on_its_way, event.c.id < _newest(event))
        .order_by(event.c.changed_at)
        .limit(limit)
    )
    dropped = tx.connection.execute(delete(attempt).where(attempt.c.id.in_(old_attempts))).rowcount
    return dropped + tx.connection.execute(delete(event).where(event.c.id.in_(old_events))).rowcount


def _newest(table: Table) -> ScalarSelect[int]:
    return select(func.max(table.alias().c.id)).scalar_subquery()
