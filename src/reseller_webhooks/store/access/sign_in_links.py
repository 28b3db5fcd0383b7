"""Sign-in links that were not used yet. Tokens only as hashes."""

from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.permissions import SignInWay
from reseller_webhooks.store.access.opened_memberships import Opens, from_text, to_text, withdraw
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import sign_in_link

_COLUMNS = [sign_in_link.c[name] for name in ("person_id", "opens", "way", "expires_at")]


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A sign-in link: the person that it signs in, and the memberships that it opens.

    opens: None for a link of an earlier version, which opens the person's only membership.
    """

    person_id: int
    opens: Opens | None
    way: SignInWay


def add(tx: Tx, fingerprint: str, link: SignInLink, expires_at: Micros) -> None:
    """Write a one-time link down."""
    opens = None if link.opens is None else to_text(link.opens)
    tx.connection.execute(
        insert(sign_in_link).values(
            fingerprint=fingerprint,
            person_id=link.person_id,
            opens=opens,
            way=link.way.value,
            expires_at=expires_at,
        )
    )


def by_fingerprint(tx: Tx, fingerprint: str) -> SignInLink | None:
    """The link, if it still holds. To look does not use it up."""
    statement = select(*_COLUMNS).where(sign_in_link.c.fingerprint == fingerprint)
    return _link(tx, tx.connection.execute(statement).first())


def use(tx: Tx, fingerprint: str) -> SignInLink | None:
    """Use up a link; None if it has expired or was used."""
    statement = delete(sign_in_link).where(sign_in_link.c.fingerprint == fingerprint)
    return _link(tx, tx.connection.execute(statement.returning(*_COLUMNS)).first())


def close(tx: Tx, person_id: int, memberships: Opens) -> None:
    """Remove these memberships from a person's sign-in links."""
    withdraw(tx, sign_in_link, person_id, memberships)


def forget_expired(tx: Tx) -> None:
    """Drop links whose time is over."""
    tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= tx.now))


def _link(tx: Tx, row: Row[tuple[int, str | None, str | None, Micros]] | None) -> SignInLink | None:
    if row is None or row.expires_at <= tx.now:
        return None
    return SignInLink(row.person_id, from_text(row.opens), SignInWay(row.way or SignInWay.LINK))
