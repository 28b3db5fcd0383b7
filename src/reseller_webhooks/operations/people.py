"""Users: add, list, lock, unlock, fresh sign-in links; the sessions of one."""

import re

from reseller_webhooks import secrets
from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access import Role
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound
from reseller_webhooks.core.texts import check_seen
from reseller_webhooks.operations.access import Visitor, normal, number_of, subject_of
from reseller_webhooks.store import access as store
from reseller_webhooks.store import audit, sessions
from reseller_webhooks.store.access import Person
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.sessions import Session

LINK_LIVES = 1 * DAY
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def add(database: Database, email: str, role: Role, reseller: str | None) -> str:
    """A new user; the token of a one-time sign-in link."""
    address = address_of(email)
    with database.write() as tx:
        person = create(tx, address, role, number_of(tx, reseller))
        audit.write(tx, Act.USER_ADDED, subject_of(person), {"role": role.value})
        return _new_link(tx, person.id)


def create(
    tx: Tx, email: str, role: Role, reseller_id: int | None, password: str | None = None
) -> Person:
    """Write a new user down. password: its hash. Conflict when the address is taken."""
    return store.add_person(
        tx,
        uuid=secrets.new_id(),
        email=email,
        password=password,
        role=role.value,
        reseller_id=reseller_id,
    )


def address_of(email: str) -> str:
    """What was given, as it is stored; Invalid when it is no e-mail address."""
    address = normal(email)
    check_seen(address, "/email")
    if not _EMAIL.fullmatch(address):
        raise Invalid.at("/email", f"{email!r} is no address; give one like ana@acme.example")
    return address


def uuid_of(database: Database, email: str) -> str:
    """The id of the user with that address; NotFound."""
    with database.read() as tx:
        person = store.person_by_email(tx, normal(email))
    if person is None:
        raise NotFound("user", email)
    return person.uuid


def page(
    database: Database, reseller_id: int | None, *, after: int = 0, limit: int = 100
) -> list[Person]:
    """Users in the order they were added: of one reseller, or all for None."""
    with database.read() as tx:
        return store.people(tx, reseller_id, after=after, limit=limit)


def get(database: Database, uuid: str, *, reseller_id: int | None) -> Person:
    """The user with that id; reseller_id: whose it has to be, None for anybody's."""
    with database.read() as tx:
        return _get(tx, uuid, reseller_id)


def new_link(
    database: Database, by: Visitor | None, uuid: str, *, reseller_id: int | None
) -> tuple[Person, str]:
    """Somebody who has forgotten the password, and the token of a link to come in without one.

    Earlier links end. Conflict when the user is locked. Nobody makes one for themselves: whoever
    has got hold of a session could set another password with it.
    """
    with database.write() as tx:
        person = _get(tx, uuid, reseller_id)
        if by is not None and person.id == by.person.id:
            raise NotAllowed("you cannot make a link for yourself; ask somebody else to do it")
        if person.locked_at is not None:
            raise Conflict(
                f"{person.email} is locked, so no link would work; unlock the user first"
            )
        store.drop_links(tx, person.id)
        audit.write(tx, Act.USER_LINK_MADE, subject_of(person))
        return person, _new_link(tx, person.id)


def link_for(database: Database, email: str) -> str:
    """As `new_link`, for the user with that address; NotFound."""
    return new_link(database, None, uuid_of(database, email), reseller_id=None)[1]


def lock(database: Database, by: Visitor | None, uuid: str, *, reseller_id: int | None) -> Person:
    """Let somebody in no more: sessions and links end. Nobody can lock themselves."""
    with database.write() as tx:
        person = _get(tx, uuid, reseller_id)
        if by is not None and person.id == by.person.id:
            raise NotAllowed("you cannot lock yourself; ask somebody else to do it")
        if person.locked_at is None:
            store.change_person(tx, person.id, locked_at=tx.now)
            store.drop_links(tx, person.id)
            sessions.end_all(tx, person.id)
            audit.write(tx, Act.USER_LOCKED, subject_of(person))
        return person


def unlock(database: Database, uuid: str, *, reseller_id: int | None) -> Person:
    """Let somebody in again, who then has to sign in anew."""
    with database.write() as tx:
        person = _get(tx, uuid, reseller_id)
        if person.locked_at is not None:
            store.change_person(tx, person.id, locked_at=None)
            audit.write(tx, Act.USER_UNLOCKED, subject_of(person))
        return person


def sessions_of(database: Database, visitor: Visitor) -> list[Session]:
    """Where somebody is signed in, the one that was seen last first."""
    with database.read() as tx:
        return sessions.of_person(tx, visitor.person.id)


def end_session(database: Database, visitor: Visitor, uuid: str) -> None:
    """Sign one of one's own browsers out. One that has ended by itself is no error."""
    with database.write() as tx:
        if sessions.end_named(tx, visitor.person.id, uuid):
            audit.write(tx, Act.USER_SESSIONS_ENDED, subject_of(visitor.person), {"sessions": 1})


def end_other_sessions(database: Database, visitor: Visitor) -> int:
    """Sign oneself out everywhere but here; in how many places."""
    with database.write() as tx:
        count = sessions.end_all(tx, visitor.person.id, but=visitor.session.fingerprint)
        if count:
            ended = {"sessions": count}
            audit.write(tx, Act.USER_SESSIONS_ENDED, subject_of(visitor.person), ended)
        return count


def _get(tx: Tx, uuid: str, reseller_id: int | None) -> Person:
    person = store.person_by_uuid(tx, uuid)
    if person is None or (reseller_id is not None and person.reseller_id != reseller_id):
        raise NotFound("user", uuid)
    return person


def _new_link(tx: Tx, person_id: int) -> str:
    token = secrets.new_token()
    store.add_link(tx, secrets.fingerprint(token), person_id, tx.now + LINK_LIVES)
    return token
