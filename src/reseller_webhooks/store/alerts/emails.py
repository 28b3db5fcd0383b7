"""The outbox of e-mails. A row is written with what it tells of, and sent at least once."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import insert, select, update

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.core.alerts import Alert, AlertedWebhook, AlertKind, Email
from reseller_webhooks.core.messages import from_json
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import email

CLAIM_S = 120
"""A process that claimed an e-mail has this long to send it; then another one does."""


def add(tx: Tx, uuid: str, membership_id: int, alert: Alert) -> None:
    """Put an e-mail into the outbox."""
    tx.connection.execute(
        insert(email).values(
            uuid=uuid,
            membership_id=membership_id,
            recipient=alert.recipient,
            kind=alert.kind.value,
            params=_params(alert),
            failures=0,
            reason="",
            created_at=tx.now,
            next_at=tx.now,
        )
    )


def is_due(tx: Tx) -> bool:
    """True if an e-mail can be claimed."""
    return tx.connection.execute(_due(tx, 1)).first() is not None


def claim(tx: Tx, *, limit: int) -> list[Email]:
    """E-mails to send now, which no other process sends meanwhile."""
    numbers = _due(tx, limit).with_for_update(skip_locked=True)
    statement = (
        update(email)
        .where(email.c.id.in_(numbers))
        .values(next_at=tx.now + CLAIM_S * SECOND)
        .returning(*(email.c[name] for name in _READ))
    )
    return sorted(map(_email, tx.connection.execute(statement)), key=lambda one: one.id)


def finish(tx: Tx, number: int, reason: str = "") -> None:
    """Note that an e-mail is sent, or given up for a reason."""
    values: dict[str, Any] = {"finished_at": tx.now, "reason": reason, "params": "{}"}
    tx.connection.execute(update(email).where(email.c.id == number).values(**values))


def put_off(tx: Tx, number: int, *, until: Micros, failures: int, reason: str) -> None:
    """Note an attempt that failed, and when to try again."""
    tx.connection.execute(
        update(email)
        .where(email.c.id == number)
        .values(next_at=until, failures=failures, reason=reason)
    )


_READ = ("id", "uuid", "created_at", "failures", "kind", "recipient", "params")


def _due(tx: Tx, limit: int) -> Any:
    return (
        select(email.c.id)
        .where(email.c.finished_at.is_(None), email.c.next_at <= tx.now)
        .order_by(email.c.next_at)
        .limit(limit)
    )


def _params(alert: Alert) -> str:
    return orjson.dumps(
        {
            "membership": alert.membership,
            "reseller": alert.reseller,
            "language": alert.language,
            "count": alert.count,
            "webhooks": [
                {
                    "uuid": webhook.uuid,
                    "url": webhook.url,
                    "resource": webhook.resource,
                    "since": webhook.since,
                    "reason": webhook.reason and webhook.reason.to_json(),
                }
                for webhook in alert.webhooks
            ],
        }
    ).decode()


def _email(row: Any) -> Email:
    params = orjson.loads(row.params)
    webhooks: Sequence[dict[str, Any]] = params.pop("webhooks")
    listed = tuple(
        AlertedWebhook(**webhook | {"reason": from_json(webhook["reason"])}) for webhook in webhooks
    )
    alert = Alert(AlertKind(row.kind), row.recipient, webhooks=listed, **params)
    return Email(row.id, row.uuid, row.created_at, row.failures, alert)
