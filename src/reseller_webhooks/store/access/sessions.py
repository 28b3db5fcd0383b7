"""Sessions: browsers that are signed in, where they are and when they were last seen."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.access.opened_memberships import Opens, from_text, to_text, withdraw
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import session


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. reseller_id: the one an operator looks at.

    password_reset_until: until then it may set a new password without the present one.
    opens: which memberships it may enter; None where an earlier version has let the person in,
    for their only one. membership_id: the one that it has entered.
    """

    fingerprint: str = field(repr=False)
    uuid: str
    person_id: int
    csrf: str = field(repr=False)
    reseller_id: int | None
    address: str
    agent: str
    created_at: Micros
    seen_at: Micros
    expires_at: Micros
    password_reset_until: Micros | None = None
    opens: Opens | None = None
    way: str | None = None
    membership_id: int | None = None


_COLUMNS = [session.c[name] for name in Session.__dataclass_fields__]


def add(tx: Tx, one: Session) -> None:
    """Write a new session down."""
    columns = {name: getattr(one, name) for name in Session.__dataclass_fields__}
    columns["opens"] = None if one.opens is None else to_text(one.opens)
    tx.connection.execute(insert(session).values(**columns))


def by_fingerprint(tx: Tx, fingerprint: str) -> Session | None:
    """The session, if it has not expired."""
    statement = select(*_COLUMNS).where(
        session.c.fingerprint == fingerprint, session.c.expires_at > tx.now
    )
    row = tx.connection.execute(statement).first()
    return _session(row) if row else None


def by_user(tx: Tx, person_id: int) -> list[Session]:
    """The sessions of a user that have not expired, last seen first."""
    mine = (session.c.person_id == person_id) & (session.c.expires_at > tx.now)
    statement = select(*_COLUMNS).where(mine).order_by(session.c.seen_at.desc(), session.c.uuid)
    return [_session(row) for row in tx.connection.execute(statement)]


def change(tx: Tx, fingerprint: str, **columns: object) -> None:
    """Change these columns of a session."""
    tx.connection.execute(
        update(session).where(session.c.fingerprint == fingerprint).values(**columns)
    )


def rotate(tx: Tx, one: Session, *, fingerprint: str, csrf: str) -> Session:
    """Give a session another token and form token; the previous ones become invalid."""
    mine = session.c.fingerprint == one.fingerprint
    tx.connection.execute(update(session).where(mine).values(fingerprint=fingerprint, csrf=csrf))
    return replace(one, fingerprint=fingerprint, csrf=csrf)


def open_more(tx: Tx, fingerprint: str, opens: Opens) -> None:
    """Let a session enter these memberships from now on."""
    change(tx, fingerprint, opens=to_text(opens))


def end(tx: Tx, fingerprint: str) -> None:
    """Sign one browser out."""
    tx.connection.execute(delete(session).where(session.c.fingerprint == fingerprint))


def close(tx: Tx, person_id: int, memberships: Opens, *, but: str = "") -> None:
    """Remove these memberships from a person's sessions, except from one session."""
    withdraw(tx, session, person_id, memberships, but=but)


def forget_expired(tx: Tx) -> None:
    """Drop sessions whose time is over."""
    tx.connection.execute(delete(session).where(session.c.expires_at <= tx.now))


def _session(row: Row[Any]) -> Session:
    return Session(**{**row._mapping, "opens": from_text(row.opens)})
