"""Sign-in links that were not used yet. Tokens only as hashes."""

from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access import Way
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.opens import Opens, from_text, to_text, withdraw
from reseller_webhooks.store.schema import sign_in_link

_COLUMNS = [sign_in_link.c[name] for name in ("person_id", "opens", "way", "expires_at")]


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link signs in, and to which memberships.

    opens: None for a link of an earlier version, which opens the person's only membership.
    """

    person_id: int
    opens: Opens | None
    way: Way


def add(tx: Tx, fingerprint: str, link: Link, expires_at: Micros) -> None:
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


def by_fingerprint(tx: Tx, fingerprint: str) -> Link | None:
    """The link, if it still holds. To look does not use it up."""
    statement = select(*_COLUMNS).where(sign_in_link.c.fingerprint == fingerprint)
    return _link(tx, tx.connection.execute(statement).first())


def use(tx: Tx, fingerprint: str) -> Link | None:
    """Take a link that still holds, so that nobody can take it again."""
    statement = delete(sign_in_link).where(sign_in_link.c.fingerprint == fingerprint)
    return _link(tx, tx.connection.execute(statement.returning(*_COLUMNS)).first())


def close(tx: Tx, person_id: int, memberships: Opens) -> None:
    """Let links of a person open these memberships no more."""
    withdraw(tx, sign_in_link, person_id, memberships)


def forget_expired(tx: Tx) -> None:
    """Drop links whose time is over."""
    tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= tx.now))


def _link(tx: Tx, row: Row[tuple[int, str | None, str | None, Micros]] | None) -> Link | None:
    if row is None or row.expires_at <= tx.now:
        return None
    return Link(row.person_id, from_text(row.opens), Way(row.way or Way.LINK))
