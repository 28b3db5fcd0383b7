"""Invites: a colleague opens a link, chooses a password and is in."""

from dataclasses import dataclass

from reseller_webhooks import crypto
from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access.accounts import Invite, Membership
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.access.permissions import Role, SignInWay
from reseller_webhooks.core.errors import NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.core.messages.access import INVITE_USED, ROLE_AND_RESELLER
from reseller_webhooks.operations import authentication, login_throttle, memberships, users
from reseller_webhooks.operations.authentication import NOWHERE, Device, number_of
from reseller_webhooks.operations.login_throttle import LoginLimits
from reseller_webhooks.operations.password_sign_in import hashes_of
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import audit, invites, keys_and_users
from reseller_webhooks.store.access.memberships import by_email, by_user
from reseller_webhooks.store.db.database import Database, Tx

INVITE_LIFETIME = 7 * DAY


@dataclass(frozen=True, slots=True)
class Accepting:
    """An invite that is being accepted, before its password is compared.

    stored: hashes of the address's other memberships. limits: what the comparison counts for; None
    after too many guesses, when the password opens nothing but the invite's own membership.
    """

    stored: frozenset[str]
    limits: LoginLimits | None


def invite(database: Database, email: str, role: Role, reseller: str | None) -> str:
    """The token of an invite's link, given once. A second one of a reseller ends the first.

    reseller: the id of the one it is for, None for an operator. Conflict for somebody who belongs
    to it already; whether they belong to others makes no difference.
    """
    address = users.address_of(email)
    if (role is Role.OPERATOR) != (reseller is None):
        raise NotAllowed(ROLE_AND_RESELLER())
    token = crypto.new_token()
    with database.write() as tx:
        reseller_id = number_of(tx, reseller)
        memberships.refuse_member(tx, address, reseller_id)
        made = invites.put(
            tx,
            crypto.fingerprint(token),
            uuid=crypto.new_id(),
            email=address,
            role=role,
            reseller_id=reseller_id,
            expires_at=tx.now + INVITE_LIFETIME,
        )
        audit.write(tx, Act.USER_INVITED, _subject(made), {"role": role.value})
    return token


def page(
    database: Database,
    reseller_id: int | None,
    *,
    before: int | None = None,
    limit: int = 100,
    search: str = "",
) -> list[Invite]:
    """A page of unexpired invites, newest first: of one reseller, or of all for None.

    search: part of the address, or the id.
    """
    with database.read() as tx:
        return invites.page(tx, reseller_id, before=before, limit=limit, search=search)


def withdraw(database: Database, uuid: str, *, reseller_id: int | None) -> Invite:
    """Withdraw an invite. reseller_id: its owner, None for any reseller's. NotFound."""
    with database.write() as tx:
        found = invites.by_uuid(tx, uuid)
        is_theirs = found is not None and reseller_id in {None, found.reseller_id}
        if found is None or not is_theirs or not invites.take(tx, uuid):
            raise NotFound("invite", uuid)
        audit.write(tx, Act.USER_INVITE_WITHDRAWN, _subject(found))
        return found


def find(database: Database, token: str) -> Invite:
    """The invite whose link it is; looking does not use it up. NotSignedIn when it is gone."""
    with database.read() as tx:
        found = invites.by_fingerprint(tx, crypto.fingerprint(token))
    if found is None:
        raise NotSignedIn(INVITE_USED())
    return found


def begin_accepting(database: Database, invite: Invite, device: Device) -> Accepting:
    """Hashes to compare the password of an invite with, and what the comparison counts for.

    If it opens other memberships of the address, the session opens them too. That would be a way
    to guess passwords, so it counts as a sign-in; whoever has to wait joins all the same.
    """
    with database.read() as tx:
        stored = hashes_of(by_email(tx, invite.email))
    limits = login_throttle.limits_of_sign_in(invite.email, device.address)
    return Accepting(stored, limits if login_throttle.may_begin(database, limits) else None)


def accept(
    database: Database,
    token: str,
    hashed: str,
    device: Device = NOWHERE,
    *,
    begun: Accepting | None = None,
    visitor: Visitor | None = None,
) -> str:
    """A session's token for a new user with the password of a hash. NotSignedIn when gone.

    What is told does not depend on whether the address belongs to other resellers: whoever has
    the link may be the admin who has made it. visitor: somebody who is signed in already.
    Conflict for somebody who has joined the reseller meanwhile.
    """
    with database.write() as tx:
        found = invites.by_fingerprint(tx, crypto.fingerprint(token))
        if found is None or not invites.take(tx, found.uuid):
            raise NotSignedIn(INVITE_USED())
        role = Role(found.role)
        made = memberships.join(tx, found.email, role, found.reseller_id, hashed)
        memberships.note_joined(tx, made, device)
        others = _also_opened(tx, made, begun)
        if visitor is not None and visitor.person.id == made.person_id:
            others |= visitor.opens
        person = keys_and_users.user_for(tx, found.email, made.uuid)
        opened = [one for one in by_user(tx, person.id) if one.id in others | {made.id}]
        return authentication.enter(tx, person, opened, device, SignInWay.INVITE, into=made)


def _subject(one: Invite) -> Subject:
    return Subject(one.uuid, one.email, one.reseller_id)


def _also_opened(tx: Tx, made: Membership, begun: Accepting | None) -> frozenset[int]:
    """Other memberships that the new member's password opens, if it may be compared."""
    if begun is None or begun.limits is None or made.password not in begun.stored:
        return frozenset()
    login_throttle.forgive(tx, begun.limits)
    found = by_user(tx, made.person_id)
    return frozenset(one.id for one in found if one.password == made.password)
