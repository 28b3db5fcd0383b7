"""Who comes in: API keys, people, one-time links, sessions."""

import re
from dataclasses import dataclass

from reseller_webhooks import secrets
from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.access import Role, Scope, lock_s
from reseller_webhooks.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from reseller_webhooks.store import access as store
from reseller_webhooks.store import resellers
from reseller_webhooks.store.access import Person, Session
from reseller_webhooks.store.database import Database, Tx

LINK_LIVES = 1 * DAY
SESSION_LIVES = 14 * DAY
PASSWORD_MIN, PASSWORD_MAX = 10, 200
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API. reseller_id is None for the platform, which may name any."""

    scope: Scope
    reseller_id: int | None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the pages, in which session, and at which reseller if any."""

    person: Person
    session: Session
    reseller_id: int | None

    @property
    def may_write(self) -> bool:
        """Whether this person may change webhooks."""
        return self.person.role != Role.VIEWER


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key that was just made; `key` is shown this once."""

    id: str
    key: str


def add_key(database: Database, scope: Scope, reseller: str | None) -> NewKey:
    """A new API key; reseller: the id of the one it is for, None for the platform."""
    made = NewKey(secrets.new_id(), secrets.KEY_PREFIX + secrets.new_token())
    with database.write() as tx:
        store.add_key(
            tx,
            uuid=made.id,
            fingerprint=secrets.fingerprint(made.key),
            start=made.key[:10],
            scope=scope.value,
            reseller_id=_reseller_id(tx, reseller),
        )
    return made


def caller(database: Database, key: str) -> Caller:
    """Who shows this key. NotSignedIn when it is none of ours, or was revoked."""
    with database.read() as tx:
        found = store.key_by_fingerprint(tx, secrets.fingerprint(key))
    if found is None:
        raise NotSignedIn("this API key is not known, or was revoked")
    return Caller(Scope(found.scope), found.reseller_id)


def add_person(database: Database, email: str, role: Role, reseller: str | None) -> str:
    """A new user; the token of a one-time sign-in link."""
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise Invalid.at("/email", f"{email!r} is no address; give one like ana@acme.example")
    with database.write() as tx:
        person = store.add_person(
            tx,
            uuid=secrets.new_id(),
            email=address,
            password=None,
            role=role.value,
            reseller_id=_reseller_id(tx, reseller),
        )
        return _new_link(tx, person.id)


def link_for(database: Database, email: str) -> str | None:
    """The token of a fresh one-time link for somebody who is known already, else None."""
    with database.write() as tx:
        person = store.person_by_email(tx, email.strip().lower())
        return _new_link(tx, person.id) if person else None


def sign_in_by_link(database: Database, token: str) -> str:
    """A session's token for a link that was not used yet; NotSignedIn otherwise."""
    with database.write() as tx:
        person_id = store.use_link(tx, secrets.fingerprint(token))
        session = _new_session(tx, person_id) if person_id is not None else None
    if session is None:
        raise NotSignedIn("this sign-in link was used before or is older than a day")
    return session


def sign_in(database: Database, email: str, password: str) -> str:
    """A session's token. NotSignedIn for a wrong address or password, without saying which."""
    with database.read() as tx:
        person = store.person_by_email(tx, email.strip().lower())
        locked = person is not None and (person.locked_until or 0) > tx.now
    # The slow hash is computed outside any transaction, and for unknown addresses too.
    fits = secrets.password_fits(person.password if person else None, password[:PASSWORD_MAX])
    if locked:
        raise NotSignedIn("too many wrong passwords; wait some minutes and try again")
    if person is None or not fits:
        _count_failure(database, person)
        raise NotSignedIn("the e-mail address or the password is wrong")
    with database.write() as tx:
        store.change_person(tx, person.id, failures=0, locked_until=None)
        return _new_session(tx, person.id)


def visitor(database: Database, token: str) -> Visitor:
    """Who has this session; NotSignedIn when it has ended."""
    with database.read() as tx:
        session = store.session_by_fingerprint(tx, secrets.fingerprint(token))
        person = store.person_by_id(tx, session.person_id) if session else None
    if session is None or person is None:
        raise NotSignedIn("sign in first")
    operator = person.role == Role.OPERATOR
    return Visitor(person, session, session.reseller_id if operator else person.reseller_id)


def sign_out(database: Database, visitor: Visitor) -> None:
    """End this session."""
    with database.write() as tx:
        store.end_session(tx, visitor.session.fingerprint)


def look_at(database: Database, visitor: Visitor, reseller: str) -> None:
    """An operator turns to a reseller."""
    if visitor.person.role != Role.OPERATOR:
        raise NotAllowed("only an operator can turn to another reseller")
    with database.write() as tx:
        reseller_id = _reseller_id(tx, reseller)
        store.change_session(tx, visitor.session.fingerprint, reseller_id=reseller_id)


def set_password(database: Database, visitor: Visitor, old: str, new: str) -> None:
    """Set or change one's own password; every other session of the person ends."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise Invalid.at("/new", f"give a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters")
    stored = visitor.person.password
    if stored is not None and not secrets.password_fits(stored, old):
        raise Invalid.at("/old", "this is not the present password")
    hashed = secrets.hash_password(new)
    with database.write() as tx:
        store.change_person(tx, visitor.person.id, password=hashed, failures=0, locked_until=None)
        store.end_sessions(tx, visitor.person.id, but=visitor.session.fingerprint)


def _count_failure(database: Database, person: Person | None) -> None:
    if person is None:
        return
    with database.write() as tx:
        failures = person.failures + 1
        until = tx.now + lock_s(failures) * SECOND
        store.change_person(tx, person.id, failures=failures, locked_until=until)


def _reseller_id(tx: Tx, uuid: str | None) -> int | None:
    if uuid is None:
        return None
    found = resellers.by_uuid(tx, uuid)
    if found is None:
        raise NotFound("reseller", uuid)
    return found.id


def _new_link(tx: Tx, person_id: int) -> str:
    token = secrets.new_token()
    store.add_link(tx, secrets.fingerprint(token), person_id, tx.now + LINK_LIVES)
    return token


def _new_session(tx: Tx, person_id: int) -> str:
    token = secrets.new_token()
    store.add_session(
        tx,
        Session(
            fingerprint=secrets.fingerprint(token),
            person_id=person_id,
            csrf=secrets.new_token(),
            reseller_id=None,
            created_at=tx.now,
            expires_at=tx.now + SESSION_LIVES,
        ),
    )
    return token
