"""Users to alert that a webhook fails, and that it has recovered.

Both are derived from the circuit, which is stored in the transaction of the attempt that changed
it, so a killed process loses no alert. A row says that a user was told, and since when the webhook
had failed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    case,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
)

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.alerts import DELAY_S, DIGEST_S, LANGUAGE, AlertedWebhook
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.store.db import messages, missing_rows
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import (
    alert_preference,
    email,
    membership,
    person,
    reseller,
    webhook,
    webhook_alert,
)

ROWS_MAX = 5_000
"""Pairs of webhook and user that one transaction looks at."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, and how an alert reaches them. reseller: its name."""

    membership_id: int
    membership: str
    email: str
    language: str
    reseller: str


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook that a recipient is to be told of. is_told: whether it is still to be told at all;
    a paused, deleted or no longer visible webhook only ends its alert.
    """

    recipient: Recipient
    webhook_id: int
    webhook: AlertedWebhook
    is_told: bool = True


def failing(tx: Tx) -> list[Due]:
    """Webhooks that have failed for as long as a user's delay, and that user was not told of."""
    told = exists().where(
        webhook_alert.c.webhook_id == webhook.c.id,
        webhook_alert.c.membership_id == membership.c.id,
    )
    statement = (
        _pairs(webhook.c.circuit_at.label("since"))
        .join_from(webhook, membership, membership.c.reseller_id == webhook.c.reseller_id)
        .where(
            webhook.c.circuit == "OPEN",
            _IS_ACTIVE,
            _IS_MEMBER,
            webhook.c.circuit_at <= tx.now - cast(_DELAY_S, BigInteger) * SECOND,
            ~told,
            _may_be_told(tx),
        )
    )
    return [_due(row) for row in _rows(tx, statement)]


def ended(tx: Tx) -> list[Due]:
    """Alerts whose webhook is no longer failing, or no longer of concern to the user."""
    is_told = _IS_ACTIVE & _IS_MEMBER & (webhook.c.circuit == "CLOSED") & _DELAY_S.is_not(None)
    statement = (
        _pairs(webhook_alert.c.since, is_told.label("is_told"))
        .join_from(webhook_alert, webhook, webhook_alert.c.webhook_id == webhook.c.id)
        .join(membership, webhook_alert.c.membership_id == membership.c.id)
        .where(or_(webhook.c.circuit != "OPEN", ~_IS_ACTIVE, ~_IS_MEMBER), _may_be_told(tx))
    )
    return [_due(row, is_told=bool(row.is_told)) for row in _rows(tx, statement)]


def add(tx: Tx, due: Due) -> bool:
    """Note that a user is told of a failing webhook. False if another transaction just did."""
    row = {
        "webhook_id": due.webhook_id,
        "membership_id": due.recipient.membership_id,
        "since": due.webhook.since,
    }
    return missing_rows.add(tx, webhook_alert, row)


def remove(tx: Tx, due: Due) -> bool:
    """Forget an alert that has ended. False if another transaction just did."""
    mine = (webhook_alert.c.webhook_id == due.webhook_id) & (
        webhook_alert.c.membership_id == due.recipient.membership_id
    )
    return tx.connection.execute(delete(webhook_alert).where(mine)).rowcount > 0


_IS_ACTIVE = (webhook.c.state == WebhookState.ACTIVE.value) & webhook.c.deleted_at.is_(None)
_IS_MEMBER = membership.c.removed_at.is_(None) & membership.c.locked_at.is_(None)
# The user's choice, else the default of their role; without a value the user is not told.
_DELAY_S = case(
    (alert_preference.c.membership_id.is_not(None), alert_preference.c.delay_s),
    (membership.c.role == Role.ADMIN.value, DELAY_S),
)


def _may_be_told(tx: Tx) -> ColumnElement[bool]:
    """Condition: the user's last alert was long enough ago; otherwise a digest follows it."""
    lately = exists().where(
        email.c.membership_id == membership.c.id,
        email.c.created_at > tx.now - DIGEST_S * SECOND,
    )
    return ~lately


def _pairs(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(
        webhook.c.id.label("webhook_id"),
        webhook.c.uuid,
        webhook.c.url,
        webhook.c.resource,
        webhook.c.circuit_message,
        webhook.c.circuit_reason,
        membership.c.id.label("membership_id"),
        membership.c.uuid.label("membership"),
        person.c.email,
        func.coalesce(alert_preference.c.language, LANGUAGE).label("language"),
        reseller.c.name.label("reseller"),
        *columns,
    )


def _rows(tx: Tx, statement: Select[Any]) -> Iterator[Row[Any]]:
    whole = (
        statement.join(person, person.c.id == membership.c.person_id)
        .join(reseller, reseller.c.id == membership.c.reseller_id)
        .join(alert_preference, alert_preference.c.membership_id == membership.c.id, isouter=True)
        .order_by(membership.c.id, webhook.c.id)
        .limit(ROWS_MAX)
    )
    return iter(tx.connection.execute(whole))


def _due(row: Row[Any], *, is_told: bool = True) -> Due:
    reason = messages.read_changed(row.circuit_message, row.circuit_reason)
    return Due(
        Recipient(row.membership_id, row.membership, row.email, row.language, row.reseller),
        row.webhook_id,
        AlertedWebhook(row.uuid, row.url, row.resource, row.since, reason),
        is_told,
    )
