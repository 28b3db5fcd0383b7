"""Identities: whom an identity provider means by a subject."""

from sqlalchemy import delete, select

from reseller_webhooks.core.access.accounts import User
from reseller_webhooks.store.db import missing_rows
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import identity, person


def person_of(tx: Tx, issuer: str, subject: str) -> User | None:
    """The person whom the subject is bound to."""
    columns = [person.c[name] for name in User.__dataclass_fields__]
    statement = select(*columns).join_from(identity, person, identity.c.person_id == person.c.id)
    wanted = statement.where(identity.c.issuer == issuer, identity.c.subject == subject)
    row = tx.connection.execute(wanted).first()
    return User(*row) if row else None


def bind(tx: Tx, issuer: str, subject: str, person_id: int) -> User | None:
    """Bind the subject to a person, unless it or the person is bound; whom it is bound to then.

    A binding that another transaction is just making is waited for.
    """
    new = {"issuer": issuer, "subject": subject, "person_id": person_id, "created_at": tx.now}
    missing_rows.add(tx, identity, new)
    return person_of(tx, issuer, subject)


def forget(tx: Tx, person_id: int) -> None:
    """Unbind a person, so that the next holder of the e-mail address can be bound."""
    tx.connection.execute(delete(identity).where(identity.c.person_id == person_id))
