"""Invites: a colleague opens a link, chooses a password and is in."""

from reseller_webhooks import secrets
from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access import Role
from reseller_webhooks.core.audit import Act, Actor, ActorKind
from reseller_webhooks.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.operations import people
from reseller_webhooks.operations.access import (
    LOCKED,
    NOWHERE,
    Device,
    enter,
    normal,
    number_of,
    subject_of,
)
from reseller_webhooks.store import access, audit
from reseller_webhooks.store import invites as store
from reseller_webhooks.store.audit import Subject
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.invites import Invite

LIVES = 7 * DAY
GONE = "this invite was used, withdrawn or is older than a week"


def invite(database: Database, email: str, role: Role, reseller: str | None) -> str:
    """The token of an invite's link, given once. A second invite ends the first of an address.

    reseller: the id of the one it is for, None for an operator. Conflict for who is in already.
    """
    address = people.address_of(email)
    if (role is Role.OPERATOR) != (reseller is None):
        raise NotAllowed("operators belong to no reseller, and everybody else to one")
    token = secrets.new_token()
    with database.write() as tx:
        if access.person_by_email(tx, address):
            raise Conflict(f"there is already a user with the address {address}")
        made = Invite(
            uuid=secrets.new_id(),
            email=address,
            role=role.value,
            reseller_id=number_of(tx, reseller),
            invited_by=tx.by.name,
            created_at=tx.now,
            expires_at=tx.now + LIVES,
        )
        store.put(tx, made, secrets.fingerprint(token))
        audit.write(tx, Act.USER_INVITED, _subject(made), {"role": role.value})
    return token


def page(database: Database, reseller_id: int | None, *, limit: int = 100) -> list[Invite]:
    """Those that still hold, newest first: of one reseller, or of all for None."""
    with database.read() as tx:
        return store.page(tx, reseller_id, limit=limit)


def withdraw(database: Database, uuid: str, *, reseller_id: int | None) -> Invite:
    """Let a link open nothing any more. reseller_id: whose it has to be, None for anybody's."""
    with database.write() as tx:
        found = store.by_uuid(tx, uuid)
        if found is None or (reseller_id is not None and found.reseller_id != reseller_id):
            raise NotFound("invite", uuid)
        store.take(tx, uuid)
        audit.write(tx, Act.USER_INVITE_WITHDRAWN, _subject(found))
        return found


def look(database: Database, token: str) -> Invite:
    """The invite whose link it is; looking does not use it up. NotSignedIn when it is gone."""
    with database.read() as tx:
        found = store.by_fingerprint(tx, secrets.fingerprint(token))
    if found is None:
        raise NotSignedIn(GONE)
    return found


def accept(database: Database, token: str, hashed: str, device: Device = NOWHERE) -> str:
    """A session's token for a new user with the password of a hash. NotSignedIn when gone."""
    with database.write() as tx:
        found = store.by_fingerprint(tx, secrets.fingerprint(token))
        if found is not None:
            return _join(tx, found, device, "invite", hashed)
    raise NotSignedIn(GONE)


def enter_as(database: Database, email: str, device: Device = NOWHERE) -> str:
    """A session's token for whom an identity provider vouches: a user, or somebody invited.

    NotSignedIn for anybody else, and for who has been locked.
    """
    address = normal(email)
    with database.write() as tx:
        person = access.person_by_email(tx, address)
        if person is not None and person.locked_at is None:
            return enter(tx, person, device, "single sign-on")
        found = None if person else store.by_email(tx, address)
        if found is not None:
            return _join(tx, found, device, "single sign-on", None)
    if person is not None:
        raise NotSignedIn(LOCKED)
    raise NotSignedIn(f"nobody has invited {address}; ask an admin or the operator for an invite")


def _join(tx: Tx, found: Invite, device: Device, way: str, password: str | None) -> str:
    store.take(tx, found.uuid)
    person = people.create(tx, found.email, Role(found.role), found.reseller_id, password)
    by = Actor(ActorKind.PERSON, person.email, device.address)
    audit.write(tx, Act.USER_JOINED, subject_of(person), {"role": person.role}, by=by)
    return enter(tx, person, device, way)


def _subject(one: Invite) -> Subject:
    return Subject(one.uuid, one.email, one.reseller_id)
