"""Passwords: set or change one's own, and what one has to be like."""

from reseller_webhooks.core.access import PASSWORD_MAX, PASSWORD_MIN
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.operations import guesses
from reseller_webhooks.operations.access import Visitor, subject_of
from reseller_webhooks.store import access as store
from reseller_webhooks.store import audit, sessions
from reseller_webhooks.store.database import Database


def begin_change(database: Database, visitor: Visitor) -> None:
    """Count a guess of the present password as guesses at the door are. NotSignedIn."""
    if visitor.person.password is not None:
        guesses.begin(database, visitor.person.email, visitor.session.address)


def wrong_present() -> Invalid:
    """The refusal of a present password that does not fit."""
    return Invalid.at("/old", "this is not the present password")


def change(database: Database, visitor: Visitor, hashed: str) -> None:
    """Set one's own password to that of a hash; every other session of the person ends."""
    person = visitor.person
    with database.write() as tx:
        if person.password is not None:
            guesses.forgive(tx, person.email, visitor.session.address)
        store.change_person(tx, person.id, password=hashed)
        store.drop_links(tx, person.id)
        sessions.end_all(tx, person.id, but=visitor.session.fingerprint)
        audit.write(tx, Act.USER_PASSWORD_SET, subject_of(person))


def check(new: str, pointer: str) -> None:
    """Invalid for one that is too short to be hard to guess."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise Invalid.at(pointer, f"give a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters")
