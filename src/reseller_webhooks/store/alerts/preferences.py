"""Users' choices of alerts."""

from sqlalchemy import insert, select, update

from reseller_webhooks.core.alerts import AlertPreference
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import alert_preference


def find(tx: Tx, membership_id: int) -> AlertPreference | None:
    """The choice of a user, None if none was made."""
    c = alert_preference.c
    statement = select(c.delay_s, c.language).where(c.membership_id == membership_id)
    row = tx.connection.execute(statement).first()
    return AlertPreference(*row) if row else None


def put(tx: Tx, membership_id: int, preference: AlertPreference) -> None:
    """Write the choice of a user."""
    values = {"delay_s": preference.delay_s, "language": preference.language}
    mine = alert_preference.c.membership_id == membership_id
    if not tx.connection.execute(update(alert_preference).where(mine).values(**values)).rowcount:
        tx.connection.execute(
            insert(alert_preference).values(membership_id=membership_id, **values)
        )
