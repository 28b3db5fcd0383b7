"""Authentication by key, link, password or identity provider, and sessions."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

from reseller_webhooks import crypto
from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access.accounts import Membership, User
from reseller_webhooks.core.access.audit import Act, Actor, ActorKind, Subject
from reseller_webhooks.core.access.permissions import Scope, SignInWay
from reseller_webhooks.core.errors import NotAllowed, NotSignedIn, Unavailable
from reseller_webhooks.core.messages.access import (
    KEY_UNKNOWN,
    LINK_USED,
    ONLY_OPERATORS_TURN,
    SIGN_IN_FIRST,
)
from reseller_webhooks.operations import resellers
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import (
    audit,
    keys_and_users,
    memberships,
    sessions,
    sign_in_links,
)
from reseller_webhooks.store.access.opened_memberships import Opens
from reseller_webhooks.store.access.sessions import Session
from reseller_webhooks.store.access.sign_in_links import SignInLink
from reseller_webhooks.store.db.database import Database, Tx

SESSION_LIVES = 14 * DAY
RESET_LIVES = 1800 * SECOND
"""Time after a sign-in by link in which a password can be set without the current one."""
SEEN_EVERY = 300 * SECOND
"""Shortest time between two writes of a last-used or last-seen time: reading costs no write."""
AGENT_MAX = 300
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of the API. reseller_id is None for the platform, which may name any reseller.

    key_id: of the API key that was shown.
    """

    scope: Scope
    reseller_id: int | None
    name: str = field(default="", compare=False)
    key_id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Device:
    """The visitor's device: IP address and user agent."""

    address: str = ""
    agent: str = ""


NOWHERE = Device()


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key that was just made; `key` is shown this once."""

    id: str
    key: str = field(repr=False)


def add_key(database: Database, scope: Scope, reseller: str | None, name: str = "") -> NewApiKey:
    """Add an API key. reseller: the id of its reseller, None for a platform key."""
    made = NewApiKey(crypto.new_id(), crypto.KEY_PREFIX + crypto.new_token())
    start = made.key[:10]
    with database.write() as tx:
        reseller_id = number_of(tx, reseller)
        keys_and_users.add_key(
            tx,
            uuid=made.id,
            fingerprint=crypto.fingerprint(made.key),
            start=start,
            name=name,
            scope=scope.value,
            reseller_id=reseller_id,
        )
        subject = Subject(made.id, f"{name} {start}".strip(), reseller_id)
        audit.write(tx, Act.KEY_ADDED, subject, {"scope": scope.value})
    return made


def caller(database: Database, key: str) -> Caller:
    """The caller with this key. NotSignedIn when the key is unknown or was revoked."""
    with database.read() as tx:
        found = keys_and_users.key_by_fingerprint(tx, crypto.fingerprint(key))
        now = tx.now
    if found is None:
        raise NotSignedIn(KEY_UNKNOWN())
    if now - (found.used_at or 0) > SEEN_EVERY:
        # Whoever only reads is served by a store that takes no writes.
        with suppress(Unavailable), database.write() as tx:
            keys_and_users.change_key(tx, found.id, used_at=tx.now)
    return Caller(Scope(found.scope), found.reseller_id, found.known_as, found.uuid)


def owner_of_link(database: Database, token: str) -> User:
    """The user whom a link signs in; the link stays usable. NotSignedIn for an invalid link."""
    with database.read() as tx:
        found = _link_opens(tx, sign_in_links.by_fingerprint(tx, crypto.fingerprint(token)))
    if found is None:
        raise NotSignedIn(LINK_USED())
    return found[0]


def sign_in_by_link(database: Database, token: str, device: Device = NOWHERE) -> str:
    """A session's token for a link that was not used yet; NotSignedIn otherwise."""
    with database.write() as tx:
        link = sign_in_links.use(tx, crypto.fingerprint(token))
        found = _link_opens(tx, link)
        if link is not None and found is not None:
            person, opened = found
            until = tx.now + RESET_LIVES
            return enter(tx, person, opened, device, link.way, into=only(opened), reset_until=until)
    raise NotSignedIn(LINK_USED())


def enter(
    tx: Tx,
    person: User,
    opened: Sequence[Membership],
    device: Device,
    way: SignInWay,
    *,
    into: Membership | None,
    reset_until: Micros | None = None,
) -> str:
    """Begin a session for a person who may enter these memberships, and return its token.

    into: which of them is entered at once; None to let the person choose.
    reset_until: until when it may set a new password without the present one.
    """
    token = crypto.new_token()
    one = Session(
        fingerprint=crypto.fingerprint(token),
        uuid=crypto.new_id(),
        person_id=person.id,
        csrf=crypto.new_token(),
        reseller_id=None,
        address=device.address,
        agent=device.agent[:AGENT_MAX],
        created_at=tx.now,
        seen_at=tx.now,
        expires_at=tx.now + SESSION_LIVES,
        password_reset_until=reset_until,
        opens=frozenset(membership.id for membership in opened),
        way=way.value,
    )
    sessions.add(tx, one)
    if into is not None:
        note_entry(tx, one, into, device)
    return token


def only(opened: Sequence[Membership]) -> Membership | None:
    """The membership to enter where there is nothing to choose."""
    return opened[0] if len(opened) == 1 else None


def note_entry(tx: Tx, session: Session, membership: Membership, device: Device) -> None:
    """Enter a membership, and record that in the audit log of its reseller only."""
    sessions.change(tx, session.fingerprint, membership_id=membership.id, reseller_id=None)
    _note_seen(tx, session.person_id, membership.id)
    by = Actor(ActorKind.PERSON, membership.email, device.address)
    way = SignInWay(session.way).word if session.way else ""
    audit.write(tx, Act.USER_SIGNED_IN, subject_of(membership), {"by": way}, by=by)


def visitor(database: Database, token: str, device: Device = NOWHERE) -> Visitor:
    """The visitor with this session; NotSignedIn when it has ended."""
    with database.read() as tx:
        session = sessions.by_fingerprint(tx, crypto.fingerprint(token))
        person = keys_and_users.user_by_id(tx, session.person_id) if session else None
        choices = choices_of(tx, session) if session else ()
        now = tx.now
    if session is None or person is None:
        raise NotSignedIn(SIGN_IN_FIRST())
    found = Visitor(person, session, choices, may_reset=may_reset(session, now))
    if not choices and not found.is_vouched:
        raise NotSignedIn(SIGN_IN_FIRST())
    if now - session.seen_at > SEEN_EVERY:
        _record_visit(database, found, device)
    return found


def choices_of(tx: Tx, session: Session) -> tuple[Membership, ...]:
    """The memberships that a session may enter now, by the reseller's name."""
    return _unlocked(tx, session.person_id, session.opens)


def session_of(tx: Tx, visitor: Visitor) -> Session:
    """The visitor's session as it is now; NotSignedIn when it has ended meanwhile."""
    session = sessions.by_fingerprint(tx, visitor.session.fingerprint)
    if session is None:
        raise NotSignedIn(SIGN_IN_FIRST())
    return session


def may_reset(session: Session, now: Micros) -> bool:
    """True if a session may set a new password without the current one."""
    return session.password_reset_until is not None and now < session.password_reset_until


def sign_out(database: Database, visitor: Visitor) -> None:
    """End this session."""
    with database.write() as tx:
        sessions.end(tx, visitor.session.fingerprint)


def look_at(database: Database, visitor: Visitor, reseller: str) -> None:
    """An operator turns to a reseller."""
    if not visitor.is_operator:
        raise NotAllowed(ONLY_OPERATORS_TURN())
    with database.write() as tx:
        reseller_id = number_of(tx, reseller)
        sessions.change(tx, visitor.session.fingerprint, reseller_id=reseller_id)


def normalize_email(email: str) -> str:
    """An e-mail address as it is stored.

    Only A to Z have small letters here: that of KELVIN SIGN is k, which is another's address.
    """
    return email.strip().translate(_SMALL)


def subject_of(membership: Membership) -> Subject:
    """A membership, for the audit log."""
    return Subject(membership.uuid, membership.email, membership.reseller_id)


def number_of(tx: Tx, reseller: str | None) -> int | None:
    """The store's number of the reseller with that id; NotFound."""
    return None if reseller is None else resellers.by_uuid(tx, reseller).id


def _link_opens(tx: Tx, link: SignInLink | None) -> tuple[User, Sequence[Membership]] | None:
    """The user whom a link signs in, and the memberships that it opens; None if it opens none."""
    person = None if link is None else keys_and_users.user_by_id(tx, link.person_id)
    if link is None or person is None:
        return None
    opened = _unlocked(tx, person.id, link.opens)
    return (person, opened) if opened else None


def _unlocked(tx: Tx, person_id: int, opens: Opens | None) -> tuple[Membership, ...]:
    """Those of a person that something opens and that are not locked."""
    found = memberships.by_user(tx, person_id)
    if opens is None:  # written by an earlier version, where people have one membership
        opens = frozenset(one.id for one in found) if len(found) == 1 else frozenset()
    return tuple(one for one in found if one.id in opens and one.locked_at is None)


def _record_visit(database: Database, visitor: Visitor, device: Device) -> None:
    given = {"address": device.address, "agent": device.agent[:AGENT_MAX]}
    changed = {name: value for name, value in given.items() if value}
    with suppress(Unavailable), database.write() as tx:
        sessions.change(tx, visitor.session.fingerprint, seen_at=tx.now, **changed)
        if visitor.membership is not None:
            _note_seen(tx, visitor.person.id, visitor.membership.id)


def _note_seen(tx: Tx, person_id: int, membership_id: int) -> None:
    memberships.note_used(tx, membership_id)
    keys_and_users.change_user(tx, person_id, seen_at=tx.now)
