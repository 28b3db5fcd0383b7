"""Memberships of people at resellers: join, choose, change the role, remove."""

from reseller_webhooks import crypto
from reseller_webhooks.core.access.accounts import Invite, Membership, User
from reseller_webhooks.core.access.audit import Act, Actor, ActorKind
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.messages.access import (
    LAST_ADMIN,
    NO_LONGER_ADMIN,
    REMOVE_ONESELF,
    ROLE_AND_RESELLER,
    SIGN_IN_FIRST,
    USER_EXISTS,
)
from reseller_webhooks.operations import authentication
from reseller_webhooks.operations.authentication import Device, subject_of
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import (
    audit,
    identities,
    invites,
    keys_and_users,
    memberships,
    sessions,
    sign_in_links,
)
from reseller_webhooks.store.db.database import Database, Tx


def choose(database: Database, visitor: Visitor, uuid: str, device: Device) -> str | None:
    """Enter one of the memberships that the session opens; the session's new token.

    Token and form token are others from then on, so that no form of a page about one reseller
    does anything at another. None when it is entered already, and nothing changes. NotFound.
    """
    with database.write() as tx:
        session = authentication.session_of(tx, visitor)
        choices = authentication.choices_of(tx, session)
        chosen = next((one for one in choices if one.uuid == uuid), None)
        if chosen is None:
            raise NotFound("user", uuid)
        if chosen.id == session.membership_id:
            return None
        token = crypto.new_token()
        fingerprint, csrf = crypto.fingerprint(token), crypto.new_token()
        fresh = sessions.rotate(tx, session, fingerprint=fingerprint, csrf=csrf)
        authentication.note_entry(tx, fresh, chosen, device)
        return token


def pending(database: Database, visitor: Visitor) -> list[Invite]:
    """The invites that the visitor may accept without a link: an identity provider vouches."""
    if not visitor.is_vouched:
        return []
    with database.read() as tx:
        return invites.by_email(tx, visitor.person.email)


def accept(database: Database, visitor: Visitor, uuid: str, device: Device) -> str | None:
    """Accept one of the `pending` invites, and enter it; the session's new token. NotFound."""
    with database.write() as tx:
        session = authentication.session_of(tx, visitor)
        found = invites.by_uuid(tx, uuid) if visitor.is_vouched else None
        if found is None or found.email != visitor.person.email or not invites.take(tx, uuid):
            raise NotFound("invite", uuid)
        made = join(tx, found.email, Role(found.role), found.reseller_id, None)
        note_joined(tx, made, device)
        opens = (session.opens or frozenset()) | {made.id}
        sessions.open_more(tx, session.fingerprint, opens)
    return choose(database, visitor, made.uuid, device)


def join(
    tx: Tx, email: str, role: Role, reseller_id: int | None, password: str | None
) -> Membership:
    """Add a membership. password: the hash of the password that opens it.

    Earlier links and sessions do not open it. Conflict for somebody who is one already.
    """
    new = crypto.new_id()
    person = keys_and_users.user_for(tx, email, new)
    refuse_member(tx, email, reseller_id)
    is_first = person.uuid == new
    uuid = new if is_first else crypto.new_id()
    memberships.put(tx, uuid, person.id, reseller_id, role=role, password=password)
    return _at(tx, person, reseller_id)


def refuse_member(tx: Tx, email: str, reseller_id: int | None) -> None:
    """Conflict for an address that belongs to the reseller already."""
    if any(one.reseller_id == reseller_id for one in memberships.by_email(tx, email)):
        raise Conflict(USER_EXISTS(email=email))


def note_joined(tx: Tx, made: Membership, device: Device) -> None:
    """Tell the audit log that an invite was accepted."""
    by = Actor(ActorKind.PERSON, made.email, device.address)
    audit.write(tx, Act.USER_JOINED, subject_of(made), {"role": made.role}, by=by)


def set_role(
    database: Database, by: Visitor | None, uuid: str, role: Role, *, reseller_id: int | None
) -> Membership:
    """Give a member of a reseller another role there; their sessions at it end.

    NotAllowed for an operator, or to make one: operators belong to no reseller; and as
    `lock`. Conflict for an admin who would give up the role as the reseller's last one.
    """
    with database.write() as tx:
        one, admins = lock(tx, by, uuid, reseller_id)
        if role is Role.OPERATOR or one.role == Role.OPERATOR or one.reseller_id is None:
            raise NotAllowed(ROLE_AND_RESELLER())
        if one.role == role.value:
            return one
        is_own = by is not None and one.person_id == by.person.id
        if admins <= {one.id} and is_own:
            raise Conflict(LAST_ADMIN())
        memberships.change(tx, one, role=role.value)
        sessions.close(tx, one.person_id, frozenset({one.id}))
        changed = {"role": [one.role, role.value]}
        audit.write(tx, Act.USER_ROLE_CHANGED, subject_of(one), changed)
        return one


def remove(
    database: Database, by: Visitor | None, uuid: str, *, reseller_id: int | None
) -> Membership:
    """End a membership; the person's other memberships stay. People cannot remove themselves.

    NotAllowed, also as `lock`.
    """
    with database.write() as tx:
        one, _ = lock(tx, by, uuid, reseller_id)
        if by is not None and one.person_id == by.person.id:
            raise NotAllowed(REMOVE_ONESELF())
        close(tx, one)
        memberships.change(tx, one, removed_at=tx.now, password=None)
        if not memberships.by_user(tx, one.person_id):
            identities.forget(tx, one.person_id)
        audit.write(tx, Act.USER_REMOVED, subject_of(one), {"role": one.role})
        return one


def lock(
    tx: Tx, by: Visitor | None, uuid: str, reseller_id: int | None
) -> tuple[Membership, set[int]]:
    """The membership and the admins of its reseller who can sign in, locked until the commit.

    NotAllowed for an admin who is none of them any more. Two admins who act on each other at the
    same time would otherwise both succeed, and leave the reseller without one.
    """
    admins = _lock_admins(tx, by, get(tx, uuid, reseller_id))
    return get(tx, uuid, reseller_id, for_update=True), admins


def _lock_admins(tx: Tx, by: Visitor | None, one: Membership) -> set[int]:
    if one.reseller_id is None:
        return set()
    admins = memberships.lock_admins(tx, one.reseller_id)
    if by is not None and not by.is_operator and by.entered.id not in admins:
        raise NotAllowed(NO_LONGER_ADMIN())
    return admins


def close(tx: Tx, one: Membership) -> None:
    """End what opens a membership: its links, and sessions as far as they open it."""
    sign_in_links.close(tx, one.person_id, frozenset({one.id}))
    sessions.close(tx, one.person_id, frozenset({one.id}))


def get(tx: Tx, uuid: str, reseller_id: int | None, *, for_update: bool = False) -> Membership:
    """The membership with an id. reseller_id: its owner, None for any reseller's. NotFound."""
    found = memberships.by_uuid(tx, uuid, for_update=for_update)
    if found is None or (reseller_id is not None and found.reseller_id != reseller_id):
        raise NotFound("user", uuid)
    return found


def _at(tx: Tx, person: User, reseller_id: int | None) -> Membership:
    found = memberships.at(tx, person.id, reseller_id)
    if found is None:
        raise NotSignedIn(SIGN_IN_FIRST())
    return found
