"""Alerts: puts e-mails about failing and recovered webhooks into the outbox."""

from collections.abc import Iterable
from itertools import groupby

from reseller_webhooks import crypto
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.alerts import (
    DELAY_S,
    RETRIES,
    Alert,
    AlertKind,
    AlertPreference,
    Email,
    listed,
)
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.store.access import memberships
from reseller_webhooks.store.alerts import emails, preferences, webhook_alerts
from reseller_webhooks.store.alerts.webhook_alerts import Due
from reseller_webhooks.store.db.database import Database, Tx

CLAIMED_MAX = 10


def is_due(database: Database) -> bool:
    """True if an alert is due."""
    with database.read() as tx:
        return bool(webhook_alerts.failing(tx) or webhook_alerts.ended(tx))


def write_due(database: Database) -> int:
    """Write an e-mail for each user who is to be told of something. Returns how many."""
    with database.write() as tx:
        failing = [due for due in webhook_alerts.failing(tx) if webhook_alerts.add(tx, due)]
        ended = [due for due in webhook_alerts.ended(tx) if webhook_alerts.remove(tx, due)]
        recovered = [due for due in ended if due.is_told]
        return _write(tx, AlertKind.FAILING, failing) + _write(tx, AlertKind.RECOVERED, recovered)


def claim(database: Database) -> list[Email]:
    """E-mails to send now."""
    with database.read() as tx:
        if not emails.is_due(tx):
            return []
    with database.write() as tx:
        return emails.claim(tx, limit=CLAIMED_MAX)


def note_sent(database: Database, email: Email) -> None:
    """Note that an e-mail was accepted by the mail server."""
    with database.write() as tx:
        emails.finish(tx, email.id)


def note_failure(database: Database, email: Email, reason: str, *, is_final: bool) -> bool:
    """Note that the mail server did not accept an e-mail. Returns whether it is tried again."""
    with database.write() as tx:
        failures = email.failures + 1
        wait_s = None if is_final else RETRIES.wait_s(failures, crypto.chance())
        if wait_s is None:
            emails.finish(tx, email.id, reason)
        else:
            until = tx.now + int(wait_s * SECOND)
            emails.put_off(tx, email.id, until=until, failures=failures, reason=reason)
    return wait_s is not None


def preference_of(database: Database, membership: Membership) -> AlertPreference:
    """A user's choice of alerts, or the default of their role."""
    with database.read() as tx:
        found = preferences.find(tx, membership.id)
    default = DELAY_S if membership.role == Role.ADMIN else None
    return found or AlertPreference(default)


def choose(database: Database, membership: Membership, preference: AlertPreference) -> None:
    """Write the choice of a user."""
    with database.write() as tx:
        preferences.put(tx, membership.id, preference)


def by_uuid(database: Database, uuid: str) -> Membership:
    """The membership whose alerts a link stops. NotFound if it is gone."""
    with database.read() as tx:
        found = memberships.by_uuid(tx, uuid)
    if found is None:
        raise NotFound("membership", uuid)
    return found


def _write(tx: Tx, kind: AlertKind, all_due: Iterable[Due]) -> int:
    count = 0
    for recipient, group in groupby(all_due, key=lambda due: due.recipient):
        webhooks = [due.webhook for due in group]
        alert = Alert(
            kind,
            recipient.email,
            recipient.membership,
            recipient.reseller,
            recipient.language,
            listed(webhooks),
            len(webhooks),
        )
        emails.add(tx, crypto.new_id(), recipient.membership_id, alert)
        count += 1
    return count
