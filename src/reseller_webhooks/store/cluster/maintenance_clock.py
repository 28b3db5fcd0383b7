"""Delays deletion after the database's clock has jumped ahead.

Each run of maintenance notes the time. A gap between two of them means that nothing ran, or that
the clock was set ahead, perhaps to a wrong date. Then deletion waits: for a quarter of the gap, a
day at most. A date that is corrected meanwhile has cost nothing.
"""

from sqlalchemy import select, update

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import maintenance_clock

GAP = 3600 * SECOND
"""Maintenance runs each minute; a shorter gap costs an hour of old rows at most."""
SHARE = 4
LONGEST_HOLD = DAY


def note(tx: Tx) -> Micros:
    """Note the time; the gap since the last run, if it has begun a hold just now, else 0."""
    row = tx.connection.execute(select(maintenance_clock).with_for_update()).one()
    gap = tx.now - row.seen_at
    begins = row.seen_at > 0 and gap > GAP
    hold_until = row.hold_until if gap >= 0 else 0  # set back: the wrong date is over
    if begins:
        hold_until = tx.now + min(gap // SHARE, LONGEST_HOLD)
    changed = {"seen_at": tx.now, "hold_until": hold_until}
    tx.connection.execute(update(maintenance_clock).values(changed))
    return gap if begins else 0


def is_held(tx: Tx) -> bool:
    """True while deletion has to wait."""
    hold_until = tx.connection.execute(select(maintenance_clock.c.hold_until)).scalar()
    return (hold_until or 0) > tx.now
