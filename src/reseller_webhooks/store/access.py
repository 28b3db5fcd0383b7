"""Who may come in: API keys, people, their sessions and sign-in links. Tokens only as hashes."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import api_key, person, session, sign_in_link


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API; start is its first characters, by which people know it again."""

    id: int
    uuid: str
    start: str
    scope: str
    reseller_id: int | None
    created_at: Micros
    revoked_at: Micros | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in. password is the argon2 hash, or None until one is set."""

    id: int
    uuid: str
    email: str
    password: str | None = field(repr=False)
    role: str
    reseller_id: int | None
    failures: int
    locked_until: Micros | None
    created_at: Micros


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in. reseller_id: the one an operator looks at."""

    fingerprint: str = field(repr=False)
    person_id: int
    csrf: str = field(repr=False)
    reseller_id: int | None
    created_at: Micros
    expires_at: Micros


def add_key(tx: Tx, **columns: object) -> None:
    """Write a new API key down."""
    tx.connection.execute(insert(api_key).values(**columns, created_at=tx.now))


def key_by_fingerprint(tx: Tx, fingerprint: str) -> ApiKey | None:
    """The key that has not been revoked."""
    statement = _keys().where(api_key.c.fingerprint == fingerprint, api_key.c.revoked_at.is_(None))
    row = tx.connection.execute(statement).mappings().first()
    return ApiKey(**row) if row else None


def add_person(tx: Tx, **columns: object) -> Person:
    """Write a new person down. Conflict when the e-mail address is taken."""
    statement = insert(person).values(**columns, failures=0, created_at=tx.now)
    try:
        return Person(**tx.connection.execute(statement.returning(*_PERSON)).mappings().one())
    except IntegrityError:
        raise Conflict(f"there is already a user with the address {columns['email']}") from None


def person_by_email(tx: Tx, email: str) -> Person | None:
    """The person with that address, which is stored in lower case."""
    return _person(tx, select(*_PERSON).where(person.c.email == email))


def person_by_id(tx: Tx, number: int) -> Person | None:
    """The person with the store's number."""
    return _person(tx, select(*_PERSON).where(person.c.id == number))


def change_person(tx: Tx, number: int, **columns: object) -> None:
    """Overwrite some of a person's columns."""
    tx.connection.execute(update(person).where(person.c.id == number).values(**columns))


def add_link(tx: Tx, fingerprint: str, person_id: int, expires_at: Micros) -> None:
    """Write a one-time sign-in link down."""
    tx.connection.execute(
        insert(sign_in_link).values(
            fingerprint=fingerprint, person_id=person_id, expires_at=expires_at
        )
    )


def use_link(tx: Tx, fingerprint: str) -> int | None:
    """Take a link that still holds, so that nobody can take it again; whose it is."""
    taken = (
        delete(sign_in_link)
        .where(sign_in_link.c.fingerprint == fingerprint)
        .returning(sign_in_link.c.person_id, sign_in_link.c.expires_at)
    )
    row = tx.connection.execute(taken).first()
    return row.person_id if row and row.expires_at > tx.now else None


def add_session(tx: Tx, one: Session) -> None:
    """Write a new session down."""
    columns = {name: getattr(one, name) for name in Session.__dataclass_fields__}
    tx.connection.execute(insert(session).values(**columns))


def session_by_fingerprint(tx: Tx, fingerprint: str) -> Session | None:
    """The session, if it has not expired."""
    columns = [session.c[name] for name in Session.__dataclass_fields__]
    statement = select(*columns).where(
        session.c.fingerprint == fingerprint, session.c.expires_at > tx.now
    )
    row = tx.connection.execute(statement).first()
    return Session(*row) if row else None


def change_session(tx: Tx, fingerprint: str, **columns: object) -> None:
    """Overwrite some of a session's columns."""
    tx.connection.execute(
        update(session).where(session.c.fingerprint == fingerprint).values(**columns)
    )


def end_session(tx: Tx, fingerprint: str) -> None:
    """Sign one browser out."""
    tx.connection.execute(delete(session).where(session.c.fingerprint == fingerprint))


def end_sessions(tx: Tx, person_id: int, *, but: str) -> None:
    """Sign a person out everywhere but in one browser."""
    tx.connection.execute(
        delete(session).where(session.c.person_id == person_id, session.c.fingerprint != but)
    )


def forget_expired(tx: Tx) -> None:
    """Drop sessions and links whose time is over."""
    tx.connection.execute(delete(session).where(session.c.expires_at <= tx.now))
    tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= tx.now))


_PERSON = [person.c[name] for name in Person.__dataclass_fields__]


def _keys() -> Select[Any]:
    return select(*(api_key.c[name] for name in ApiKey.__dataclass_fields__))


def _person(tx: Tx, statement: Select[Any]) -> Person | None:
    row = tx.connection.execute(statement).mappings().first()
    return Person(**row) if row else None
