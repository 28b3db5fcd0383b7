"""API keys and users. Keys are stored as hashes only."""

from typing import Any

from sqlalchemy import Select, insert, select, update

from reseller_webhooks.core.access.accounts import ApiKey, User
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.store.db import missing_rows, text_search
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import api_key, person


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
    """Change these columns of a key."""
    tx.connection.execute(update(api_key).where(api_key.c.id == number).values(**columns))


def user_for(tx: Tx, email: str, uuid: str) -> User:
    """Find or add the person with an address, locked until the end of the transaction.

    Nobody else changes the person's memberships meanwhile.
    """
    # Filled from the only membership, for earlier versions.
    blank = {"role": Role.VIEWER.value, "password": None, "reseller_id": None}
    made = {"uuid": uuid, "email": email, "created_at": tx.now, **blank}
    missing_rows.add(tx, person, made, key=["email"])
    found = _person(tx, select(*_PERSON).where(person.c.email == email).with_for_update())
    assert found is not None, "it was there or has been added"  # noqa: S101
    return found


def user_by_email(tx: Tx, email: str) -> User | None:
    """The person with that address, which is stored in lower case."""
    return _person(tx, select(*_PERSON).where(person.c.email == email))


def user_by_id(tx: Tx, number: int) -> User | None:
    """The person with the store's number."""
    return _person(tx, select(*_PERSON).where(person.c.id == number))


def change_user(tx: Tx, number: int, **columns: object) -> None:
    """Change these columns of a person."""
    tx.connection.execute(update(person).where(person.c.id == number).values(**columns))


_PERSON = [person.c[name] for name in User.__dataclass_fields__]


def _keys() -> Select[Any]:
    return select(*(api_key.c[name] for name in ApiKey.__dataclass_fields__))


def _person(tx: Tx, statement: Select[Any]) -> User | None:
    row = tx.connection.execute(statement).mappings().first()
    return User(**row) if row else None
