"""Users: add, list, lock, unlock, fresh sign-in links; the sessions of one."""

import re
from collections.abc import Callable, Iterator, Sequence

from reseller_webhooks import crypto
from reseller_webhooks.clock import DAY
from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.access.permissions import Role, SignInWay
from reseller_webhooks.core.errors import Conflict, Invalid, NotAllowed, NotFound
from reseller_webhooks.core.messages.access import (
    EMAIL_INVALID,
    INVITE_PENDING,
    LINK_FOR_ONESELF,
    LOCK_ONESELF,
    USER_LOCKED,
)
from reseller_webhooks.core.text_rules import check_seen
from reseller_webhooks.operations import memberships
from reseller_webhooks.operations.authentication import (
    choices_of,
    normalize_email,
    number_of,
    subject_of,
)
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import audit, invites, sessions, sign_in_links
from reseller_webhooks.store.access import memberships as store
from reseller_webhooks.store.access.sessions import Session
from reseller_webhooks.store.access.sign_in_links import SignInLink
from reseller_webhooks.store.db.database import Database, Tx

LINK_LIVES = 1 * DAY
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def add(database: Database, email: str, role: Role, reseller: str | None) -> str:
    """A new user of a reseller; the token of a one-time sign-in link, which opens that alone.

    Conflict for somebody who belongs to it already.
    """
    address = address_of(email)
    with database.write() as tx:
        reseller_id = number_of(tx, reseller)
        made = memberships.join(tx, address, role, reseller_id, None)
        audit.write(tx, Act.USER_ADDED, subject_of(made), {"role": role.value})
        return _new_link(tx, [made], SignInWay.LINK)


def address_of(email: str) -> str:
    """The address in its stored form; Invalid if it is not an e-mail address."""
    address = normalize_email(email)
    check_seen(address, "/email")
    if not _EMAIL.fullmatch(address):
        raise Invalid.at("/email", EMAIL_INVALID(given=email))
    return address


def memberships_of(database: Database, email: str, reseller: str | None = None) -> list[Membership]:
    """A user's memberships: at one reseller, or all for None.

    NotFound for an unknown address; Conflict for one that has only an invite.
    """
    address = normalize_email(email)
    with database.read() as tx:
        reseller_id = number_of(tx, reseller)
        found, invited = store.by_email(tx, address), invites.by_email(tx, address)
    if reseller is not None:
        found = [one for one in found if one.reseller_id == reseller_id]
        invited = [one for one in invited if one.reseller_id == reseller_id]
    if invited and not found:
        raise Conflict(INVITE_PENDING(email=address))
    if not found:
        raise NotFound("user", email)
    return found


def page(
    database: Database,
    reseller_id: int | None,
    *,
    after: int = 0,
    limit: int = 100,
    search: str = "",
) -> list[Membership]:
    """Users in the order they were added: of one reseller, or all for None.

    search: part of the e-mail address, or the user's id.
    """
    with database.read() as tx:
        return store.page(tx, reseller_id, after=after, limit=limit, search=search)


def list_all(
    database: Database, reseller_id: int | None, *, search: str = ""
) -> Iterator[Membership]:
    """All of them, read page by page."""
    found = page(database, reseller_id, search=search)
    while found:
        yield from found
        found = page(database, reseller_id, after=found[-1].id, search=search)


def new_link(
    database: Database, by: Visitor | None, uuid: str, *, reseller_id: int | None
) -> tuple[Membership, str]:
    """Make a sign-in link for a membership; returns the membership and the link's token.

    It opens this membership alone: whoever makes a link may open it instead of the person, and
    can then set the password of what it opens. Earlier links end. Conflict when the user is locked.
    Nobody makes one for themselves: whoever has got hold of a session could set another password.
    """
    with database.write() as tx:
        one = memberships.get(tx, uuid, reseller_id)
        if by is not None and one.person_id == by.person.id:
            raise NotAllowed(LINK_FOR_ONESELF())
        is_operators = by is None or by.is_operator
        return one, _replace_links(
            tx, [one], SignInWay.LINK if is_operators else SignInWay.ADMIN_LINK
        )


def link_for(database: Database, email: str, reseller: str | None = None) -> str:
    """A link of the command line for the user with that address; NotFound.

    It opens what they have at a reseller, or everywhere for None.
    """
    found = memberships_of(database, email, reseller)
    with database.write() as tx:
        return _replace_links(tx, found, SignInWay.LINK)


def lock(
    database: Database, by: Visitor | None, uuid: str, *, reseller_id: int | None
) -> Membership:
    """Lock a membership; the person's other memberships stay.

    Nobody can lock themselves. NotAllowed, also as `memberships.lock`.
    """
    with database.write() as tx:
        one, _ = memberships.lock(tx, by, uuid, reseller_id)
        if by is not None and one.person_id == by.person.id:
            raise NotAllowed(LOCK_ONESELF())
        if one.locked_at is None:
            store.change(tx, one, locked_at=tx.now)
            memberships.close(tx, one)
            audit.write(tx, Act.USER_LOCKED, subject_of(one))
        return one


def unlock(database: Database, uuid: str, *, reseller_id: int | None) -> Membership:
    """Unlock a membership; the user has to sign in again."""
    with database.write() as tx:
        one = memberships.get(tx, uuid, reseller_id, for_update=True)
        if one.locked_at is not None:
            store.change(tx, one, locked_at=None)
            audit.write(tx, Act.USER_UNLOCKED, subject_of(one))
        return one


def sessions_of(database: Database, visitor: Visitor) -> list[Session]:
    """The visitor's sessions, last seen first."""
    with database.read() as tx:
        return _visible(tx, visitor)


def end_session(database: Database, visitor: Visitor, uuid: str) -> None:
    """End a session of the visitor's. It is no error if it has ended already."""
    _end(database, visitor, lambda one: one.uuid == uuid)


def end_other_sessions(database: Database, visitor: Visitor) -> int:
    """Sign oneself out everywhere but here; in how many places."""
    return _end(database, visitor, lambda one: one.uuid != visitor.session.uuid)


def _end(database: Database, visitor: Visitor, is_meant: Callable[[Session], bool]) -> int:
    with database.write() as tx:
        ended = [one for one in _visible(tx, visitor) if is_meant(one)]
        for one in ended:
            sessions.end(tx, one.fingerprint)
        if ended:
            subject = subject_of(visitor.entered)
            audit.write(tx, Act.USER_SESSIONS_ENDED, subject, {"sessions": len(ended)})
        return len(ended)


def _visible(tx: Tx, visitor: Visitor) -> list[Session]:
    """The person's sessions that open nothing which this one does not open.

    One that began with an admin's link sees itself alone: it may be the admin who looks, and must
    not learn where else the person is signed in.
    """
    found = sessions.by_user(tx, visitor.person.id)
    if visitor.session.way == SignInWay.ADMIN_LINK:
        return [one for one in found if one.uuid == visitor.session.uuid]
    opened = [(one, {each.id for each in choices_of(tx, one)}) for one in found]
    return [one for one, opens in opened if opens <= visitor.opens]


def _replace_links(tx: Tx, opened: Sequence[Membership], way: SignInWay) -> str:
    unlocked = [one for one in opened if one.locked_at is None]
    if not unlocked:
        email = opened[0].email
        raise Conflict(USER_LOCKED(email=email))
    sign_in_links.close(tx, opened[0].person_id, frozenset(one.id for one in unlocked))
    for one in unlocked:
        audit.write(tx, Act.USER_LINK_MADE, subject_of(one))
    return _new_link(tx, unlocked, way)


def _new_link(tx: Tx, opened: Sequence[Membership], way: SignInWay) -> str:
    token = crypto.new_token()
    link = SignInLink(opened[0].person_id, frozenset(one.id for one in opened), way)
    sign_in_links.add(tx, crypto.fingerprint(token), link, tx.now + LINK_LIVES)
    return token
