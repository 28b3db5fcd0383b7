"""Sessions: browsers that are signed in, where they are and when they were last seen."""

from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import session


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. reseller_id: the one an operator looks at.

    password_reset_until: until then it may set a new password without the present one.
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


_COLUMNS = [session.c[name] for name in Session.__dataclass_fields__]


def add(tx: Tx, one: Session) -> None:
    """Write a new session down."""
    columns = {name: getattr(one, name) for name in Session.__dataclass_fields__}
    tx.connection.execute(insert(session).values(**columns))


def by_fingerprint(tx: Tx, fingerprint: str) -> Session | None:
    """The session, if it has not expired."""
    statement = select(*_COLUMNS).where(
        session.c.fingerprint == fingerprint, session.c.expires_at > tx.now
    )
    row = tx.connection.execute(statement).first()
    return Session(*row) if row else None


def of_person(tx: Tx, person_id: int) -> list[Session]:
    """Where somebody is signed in, the one that was seen last first."""
    mine = (session.c.person_id == person_id) & (session.c.expires_at > tx.now)
    statement = select(*_COLUMNS).where(mine).order_by(session.c.seen_at.desc(), session.c.uuid)
    return [Session(*row) for row in tx.connection.execute(statement)]


def change(tx: Tx, fingerprint: str, **columns: object) -> None:
    """Overwrite some of a session's columns."""
    tx.connection.execute(
        update(session).where(session.c.fingerprint == fingerprint).values(**columns)
    )


def end(tx: Tx, fingerprint: str) -> None:
    """Sign one browser out."""
    tx.connection.execute(delete(session).where(session.c.fingerprint == fingerprint))


def end_named(tx: Tx, person_id: int, uuid: str) -> bool:
    """Sign one of somebody's browsers out; whether there was one."""
    mine = (session.c.person_id == person_id) & (session.c.uuid == uuid)
    return tx.connection.execute(delete(session).where(mine)).rowcount > 0


def end_all(tx: Tx, person_id: int, *, but: str = "") -> int:
    """Sign a person out everywhere, but in one browser; in how many."""
    others = (session.c.person_id == person_id) & (session.c.fingerprint != but)
    return tx.connection.execute(delete(session).where(others)).rowcount


def forget_expired(tx: Tx) -> None:
    """Drop sessions whose time is over."""
    tx.connection.execute(delete(session).where(session.c.expires_at <= tx.now))
