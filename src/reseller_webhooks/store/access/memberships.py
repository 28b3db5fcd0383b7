"""Memberships: which person has which role at which reseller. Operators have one without."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update

from reseller_webhooks.core.access.accounts import ApiKey, Membership
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.store.db import text_search
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import api_key, membership, person, reseller


def by_user(tx: Tx, person_id: int) -> list[Membership]:
    """All that a person has, by the reseller's name; that of an operator first."""
    return _all(tx, membership.c.person_id == person_id)


def by_email(tx: Tx, email: str) -> list[Membership]:
    """The same by the person's address, which is stored in lower case."""
    return _all(tx, person.c.email == email)


def by_uuid(tx: Tx, uuid: str, *, for_update: bool = False) -> Membership | None:
    """The membership with that id. for_update: lock it until the commit."""
    named = membership.c.uuid == uuid
    if for_update:
        tx.connection.execute(select(membership.c.id).where(named).with_for_update())
    return next(iter(_all(tx, named)), None)


def page(
    tx: Tx, reseller_id: int | None, *, after: int, limit: int, search: str = ""
) -> list[Membership]:
    """Memberships in the order they were added: of one reseller, or all for None.

    search: part of the e-mail address, or the membership's id.
    """
    statement = _members().where(membership.c.id > after).order_by(membership.c.id).limit(limit)
    if reseller_id is not None:
        statement = statement.where(membership.c.reseller_id == reseller_id)
    if search:
        named = text_search.matches(search, part_of=person.c.email, exactly=membership.c.uuid)
        statement = statement.where(named)
    return [Membership(*row) for row in tx.connection.execute(statement)]


def put(
    tx: Tx,
    uuid: str,
    person_id: int,
    reseller_id: int | None,
    *,
    role: Role,
    password: str | None,
) -> None:
    """Write a membership down, in the place of a removed one at the same reseller."""
    wanted = {
        "role": role.value,
        "password": password,
        "created_at": tx.now,
        "seen_at": None,
        "locked_at": None,
        "removed_at": None,
    }
    there = _at(person_id, reseller_id)
    if not tx.connection.execute(update(membership).where(there).values(**wanted)).rowcount:
        new = {"uuid": uuid, "person_id": person_id, "reseller_id": reseller_id, **wanted}
        tx.connection.execute(insert(membership).values(**new))
    mirror(tx, person_id)


def at(tx: Tx, person_id: int, reseller_id: int | None) -> Membership | None:
    """A person's membership at a reseller; the operator's membership for None."""
    return next(iter(_all(tx, _at(person_id, reseller_id))), None)


def lock_admins(tx: Tx, reseller_id: int) -> set[int]:
    """The admins of a reseller who can sign in; their rows stay locked until the commit."""
    c = membership.c
    wanted = select(c.id).where(
        c.reseller_id == reseller_id,
        c.role == Role.ADMIN.value,
        c.locked_at.is_(None),
        c.removed_at.is_(None),
    )
    return set(tx.connection.execute(wanted.order_by(c.id).with_for_update()).scalars())


def change(tx: Tx, one: Membership, **columns: object) -> None:
    """Change these columns of a membership."""
    tx.connection.execute(update(membership).where(membership.c.id == one.id).values(**columns))
    mirror(tx, one.person_id)


def note_used(tx: Tx, number: int) -> None:
    """Note that the person uses it now."""
    tx.connection.execute(
        update(membership).where(membership.c.id == number).values(seen_at=tx.now)
    )


def mirror(tx: Tx, person_id: int) -> None:
    """Copy a person's only membership to where earlier versions look; nothing when it is not one.

    So nobody who belongs to several resellers can be let in, locked or given a link by them.
    """
    found = by_user(tx, person_id)
    only = found[0] if len(found) == 1 else None
    shown = {name: getattr(only, name, None) for name in ("reseller_id", "password", "locked_at")}
    role = only.role if only else Role.VIEWER.value
    tx.connection.execute(update(person).where(person.c.id == person_id).values(role=role, **shown))


def belonging(tx: Tx, reseller_id: int, names: Iterable[str]) -> set[str]:
    """The subset of these names that are a reseller's users, past ones included, or its API keys by
    `known_as`."""
    wanted = set(names)
    emails = (
        select(person.c.email)
        .join_from(membership, person, membership.c.person_id == person.c.id)
        .where(membership.c.reseller_id == reseller_id, person.c.email.in_(wanted))
    )
    starts = {name.rpartition(" ")[2] for name in wanted}
    keys = select(*(api_key.c[name] for name in ApiKey.__dataclass_fields__)).where(
        api_key.c.reseller_id == reseller_id, api_key.c.start.in_(starts)
    )
    found = [ApiKey(*row) for row in tx.connection.execute(keys)]
    return wanted & {*tx.connection.execute(emails).scalars(), *(one.known_as for one in found)}


def _all(tx: Tx, wanted: ColumnElement[bool]) -> list[Membership]:
    statement = _members().where(wanted)
    rows = [Membership(*row) for row in tx.connection.execute(statement)]
    return sorted(rows, key=lambda one: ((one.reseller or "").casefold(), one.id))


def _members() -> Select[Any]:
    own = [*Membership.__dataclass_fields__][:-3]
    return (
        select(
            *(membership.c[name] for name in own), person.c.email, reseller.c.name, reseller.c.uuid
        )
        .join_from(membership, person, membership.c.person_id == person.c.id)
        .join(reseller, membership.c.reseller_id == reseller.c.id, isouter=True)
        .where(membership.c.removed_at.is_(None))
    )


def _at(person_id: int, reseller_id: int | None) -> ColumnElement[bool]:
    there = membership.c.reseller_id.is_not_distinct_from(reseller_id)
    return (membership.c.person_id == person_id) & there
