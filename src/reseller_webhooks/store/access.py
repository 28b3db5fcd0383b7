"""Who may come in: API keys, people, their sign-in links. Tokens only as hashes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.store import text_search
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import api_key, person, sign_in_link


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API; start is its first characters, by which people know it again."""

    id: int
    uuid: str
    start: str
    name: str
    scope: str
    reseller_id: int | None
    created_at: Micros
    used_at: Micros | None
    revoked_at: Micros | None

    @property
    def known_as(self) -> str:
        """How people know it again: its name, and how it begins."""
        return f"{self.name} {self.start}".strip()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in. password is the argon2 hash, or None until one is set."""

    id: int
    uuid: str
    email: str
    password: str | None = field(repr=False)
    role: str
    reseller_id: int | None
    created_at: Micros
    seen_at: Micros | None
    locked_at: Micros | None


def add_key(tx: Tx, **columns: object) -> None:
    """Write a new API key down."""
    tx.connection.execute(insert(api_key).values(**columns, created_at=tx.now))


def key_by_fingerprint(tx: Tx, fingerprint: str) -> ApiKey | None:
    """The key that has not been revoked."""
    statement = _keys().where(api_key.c.fingerprint == fingerprint, api_key.c.revoked_at.is_(None))
    row = tx.connection.execute(statement).mappings().first()
    return ApiKey(**row) if row else None


def key_by_uuid(tx: Tx, uuid: str) -> ApiKey | None:
    """The key with that id, revoked or not."""
    row = tx.connection.execute(_keys().where(api_key.c.uuid == uuid)).mappings().first()
    return ApiKey(**row) if row else None


def keys(
    tx: Tx,
    *,
    before: int | None,
    limit: int,
    search: str = "",
    reseller_id: int | None = None,
) -> list[ApiKey]:
    """Keys, newest first, from before a number: of one reseller, or all for None.

    search: part of the name or the key's beginning, or the id.
    """
    statement = _keys().order_by(api_key.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(api_key.c.id < before)
    if reseller_id is not None:
        statement = statement.where(api_key.c.reseller_id == reseller_id)
    if search:
        known_as = api_key.c.name + " " + api_key.c.start
        named = text_search.matches(search, part_of=known_as, exactly=api_key.c.uuid)
        statement = statement.where(named)
    return [ApiKey(**row) for row in tx.connection.execute(statement).mappings()]


def change_key(tx: Tx, number: int, **columns: object) -> None:
    """Overwrite some of a key's columns."""
    tx.connection.execute(update(api_key).where(api_key.c.id == number).values(**columns))


def add_person(tx: Tx, **columns: object) -> Person:
    """Write a new person down. Conflict when the e-mail address is taken."""
    statement = insert(person).values(**columns, created_at=tx.now)
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


def person_by_uuid(tx: Tx, uuid: str) -> Person | None:
    """The person with that id."""
    return _person(tx, select(*_PERSON).where(person.c.uuid == uuid))


def people(tx: Tx, reseller_id: int | None, *, after: int, limit: int) -> list[Person]:
    """People in the order they were added: of one reseller, or all for None."""
    statement = select(*_PERSON).where(person.c.id > after).order_by(person.c.id).limit(limit)
    if reseller_id is not None:
        statement = statement.where(person.c.reseller_id == reseller_id)
    return [Person(**row) for row in tx.connection.execute(statement).mappings()]


def change_person(tx: Tx, number: int, **columns: object) -> None:
    """Overwrite some of a person's columns."""
    tx.connection.execute(update(person).where(person.c.id == number).values(**columns))


def belonging(tx: Tx, reseller_id: int, names: Iterable[str]) -> set[str]:
    """Which of the names are people of a reseller, or keys of it as they are `known_as`."""
    wanted = set(names)
    emails = select(person.c.email).where(
        person.c.reseller_id == reseller_id, person.c.email.in_(wanted)
    )
    starts = {name.rpartition(" ")[2] for name in wanted}
    own_keys = _keys().where(api_key.c.reseller_id == reseller_id, api_key.c.start.in_(starts))
    found = [ApiKey(**row) for row in tx.connection.execute(own_keys).mappings()]
    return wanted & {*tx.connection.execute(emails).scalars(), *(one.known_as for one in found)}


def add_link(tx: Tx, fingerprint: str, person_id: int, expires_at: Micros) -> None:
    """Write a one-time sign-in link down."""
    tx.connection.execute(
        insert(sign_in_link).values(
            fingerprint=fingerprint, person_id=person_id, expires_at=expires_at
        )
    )


def link_owner(tx: Tx, fingerprint: str) -> int | None:
    """Whose link it is, if it still holds. To look does not use it up."""
    statement = select(sign_in_link.c.person_id).where(
        sign_in_link.c.fingerprint == fingerprint, sign_in_link.c.expires_at > tx.now
    )
    return tx.connection.execute(statement).scalar()


def use_link(tx: Tx, fingerprint: str) -> int | None:
    """Take a link that still holds, so that nobody can take it again; whose it is."""
    taken = (
        delete(sign_in_link)
        .where(sign_in_link.c.fingerprint == fingerprint)
        .returning(sign_in_link.c.person_id, sign_in_link.c.expires_at)
    )
    row = tx.connection.execute(taken).first()
    return row.person_id if row and row.expires_at > tx.now else None


def drop_links(tx: Tx, person_id: int) -> None:
    """Let nobody sign in by links that somebody has been given."""
    tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.person_id == person_id))


def forget_expired_links(tx: Tx) -> None:
    """Drop links whose time is over."""
    tx.connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= tx.now))


_PERSON = [person.c[name] for name in Person.__dataclass_fields__]


def _keys() -> Select[Any]:
    return select(*(api_key.c[name] for name in ApiKey.__dataclass_fields__))


def _person(tx: Tx, statement: Select[Any]) -> Person | None:
    row = tx.connection.execute(statement).mappings().first()
    return Person(**row) if row else None
