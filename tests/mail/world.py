"""A reseller with an admin, failing webhooks, and what the outbox holds."""

from dataclasses import dataclass

from sqlalchemy import update

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.alerts import DIGEST_S, AlertKind, Email
from reseller_webhooks.core.deliveries.circuits import CLOSED, Circuit
from reseller_webhooks.core.messages.attempts import NO_TLS
from reseller_webhooks.operations import alerts, users
from reseller_webhooks.store.access import memberships
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import email, webhook
from reseller_webhooks.store.webhooks import circuit_states
from tests.store import factories

ANA, BEN = "ana@acme.example", "ben@acme.example"
REASON = NO_TLS(host="receiver.example")


@dataclass(frozen=True)
class World:
    """A reseller with an admin."""

    database: Database
    reseller: Reseller
    admin: Membership

    def member(self, address: str, role: Role, reseller: Reseller | None = None) -> Membership:
        users.add(self.database, address, role, (reseller or self.reseller).uuid)
        with self.database.read() as tx:
            return memberships.by_email(tx, address)[-1]

    def webhook(self, *, failing_s: int | None = None, path: str = "hook") -> int:
        """The store's number of a new webhook. failing_s: since when it has failed, if it has."""
        with self.database.write() as tx:
            url = f"https://receiver.example/{path}"
            number = factories.webhook(tx, reseller_id=self.reseller.id, url=url).id
            if failing_s is not None:
                since = tx.now - failing_s * SECOND
                circuit = Circuit(is_open=True, reason=REASON, since=since)
                circuit_states.note_circuit(tx, number, circuit, owner=None)
        return number

    def change(self, number: int, **columns: object) -> None:
        with self.database.write() as tx:
            tx.connection.execute(update(webhook).where(webhook.c.id == number).values(**columns))

    def recover(self, number: int) -> None:
        with self.database.write() as tx:
            circuit_states.note_circuit(tx, number, CLOSED, owner=None)

    def let_digest_pass(self) -> None:
        """As if all e-mails had been written a digest's time ago."""
        with self.database.write() as tx:
            earlier = email.c.created_at - (DIGEST_S + 1) * SECOND
            tx.connection.execute(update(email).values(created_at=earlier))

    def told(self) -> list[tuple[str, AlertKind, int]]:
        """Who is told of what about how many webhooks, in e-mails not yet claimed."""
        if alerts.is_due(self.database):
            alerts.write_due(self.database)
        return [(one.alert.recipient, one.alert.kind, one.alert.count) for one in self.claim()]

    def claim(self) -> list[Email]:
        return alerts.claim(self.database)
