"""Passwords: set or change one's own, and what one has to be like."""

from reseller_webhooks import secrets
from reseller_webhooks.core.access import PASSWORD_MAX, PASSWORD_MIN
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.operations import guesses
from reseller_webhooks.operations.access import Visitor, subject_of
from reseller_webhooks.store import access as store
from reseller_webhooks.store import audit, sessions
from reseller_webhooks.store.database import Database


def change(database: Database, visitor: Visitor, old: str, new: str) -> None:
    """Set or change one's own password; every other session of the person ends.

    Guesses of the present one are counted as guesses at the door are. Errors: Invalid, NotSignedIn.
    """
    check(new, "/new")
    person, address = visitor.person, visitor.session.address
    if person.password is not None:
        guesses.begin(database, person.email, address)
        if not secrets.password_fits(person.password, old[:PASSWORD_MAX]):
            raise Invalid.at("/old", "this is not the present password")
    hashed = secrets.hash_password(new)
    with database.write() as tx:
        if person.password is not None:
            guesses.forgive(tx, person.email, address)
        store.change_person(tx, person.id, password=hashed)
        store.drop_links(tx, person.id)
        sessions.end_all(tx, person.id, but=visitor.session.fingerprint)
        audit.write(tx, Act.USER_PASSWORD_SET, subject_of(person))


def check(new: str, pointer: str) -> None:
    """Invalid for one that is too short to be hard to guess."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise Invalid.at(pointer, f"give a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters")
