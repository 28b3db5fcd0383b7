"""Passwords: set or change one's own, and what one has to be like."""

from reseller_webhooks.core.access import PASSWORD_MAX, PASSWORD_MIN
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.operations import access, guesses
from reseller_webhooks.operations.access import Visitor, subject_of
from reseller_webhooks.store import access as store
from reseller_webhooks.store import audit, sessions
from reseller_webhooks.store.database import Database


def begin_change(database: Database, visitor: Visitor) -> str | None:
    """The hash that the present password has to fit, or None when it need not be shown.

    Guesses of it are counted apart, so that they hold up no sign-in. NotSignedIn.
    """
    if not visitor.shows_password:
        return None
    guesses.begin(database, guesses.limits_of_session(visitor.person))
    return visitor.person.password


def wrong_present() -> Invalid:
    """The refusal of a present password that does not fit."""
    return Invalid.at("/old", "this is not the present password")


def change(database: Database, visitor: Visitor, hashed: str) -> None:
    """Set one's own password to that of a hash; every other session of the person ends.

    Invalid when it was to be set without the present one and that is not possible any more.
    NotSignedIn when the session has ended meanwhile.
    """
    person = visitor.person
    is_reset = person.password is not None and visitor.may_reset
    with database.write() as tx:
        session = access.session_of(tx, visitor)
        if is_reset and not access.may_reset(session, tx.now):
            raise wrong_present()
        if visitor.shows_password:
            guesses.forgive(tx, guesses.limits_of_session(person))
        store.change_person(tx, person.id, password=hashed)
        store.drop_links(tx, person.id)
        sessions.end_all(tx, person.id, but=session.fingerprint)
        sessions.change(tx, session.fingerprint, password_reset_until=None)
        details = {"by": "link"} if is_reset else {}
        audit.write(tx, Act.USER_PASSWORD_SET, subject_of(person), details)


def check(new: str, pointer: str) -> None:
    """Invalid for one that is too short to be hard to guess."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise Invalid.at(pointer, f"give a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters")
