"""Passwords: rules, and how users set or change their own."""

from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.access.permissions import PASSWORD_MAX, PASSWORD_MIN, SignInWay
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.access import NOT_CURRENT_PASSWORD, PASSWORD_LENGTH
from reseller_webhooks.operations import authentication, login_throttle
from reseller_webhooks.operations.authentication import subject_of
from reseller_webhooks.operations.password_sign_in import hashes_of
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.store.access import audit, memberships, sessions, sign_in_links
from reseller_webhooks.store.db.database import Database


def begin_change(database: Database, visitor: Visitor) -> str | None:
    """The hash that the current password has to fit, or None when it need not be shown.

    Guesses of it are counted apart, so that they hold up no sign-in. NotSignedIn.
    """
    if not visitor.shows_password:
        return None
    login_throttle.begin(database, login_throttle.limits_of_session(visitor.entered))
    return visitor.entered.password


def count_new(database: Database, visitor: Visitor) -> None:
    """Count a password that is about to be set. NotSignedIn when there were too many.

    It opens whatever else of the address has the same one, so it is a guess at that.
    """
    login_throttle.begin(database, login_throttle.limits_of_new_password(visitor.entered))


def hash_to_resemble(database: Database, email: str) -> str | None:
    """A stored hash of the address, whose salt the next one has to share."""
    with database.read() as tx:
        return next(iter(sorted(hashes_of(memberships.by_email(tx, email)))), None)


def wrong_present() -> Invalid:
    """The refusal of a current password that does not fit."""
    return Invalid.at("/old", NOT_CURRENT_PASSWORD())


def change(database: Database, visitor: Visitor, hashed: str) -> None:
    """Set the visitor's password to a hash, for the memberships that the session opens.

    It opens that from then on; sessions and links that did before do not. Invalid when it was to
    be set without the present one and that is not possible any more. NotSignedIn when the session
    has ended meanwhile.
    """
    present = visitor.entered.password
    is_reset = present is not None and visitor.may_reset
    with database.write() as tx:
        session = authentication.session_of(tx, visitor)
        if is_reset and not authentication.may_reset(session, tx.now):
            raise wrong_present()
        if visitor.shows_password:
            login_throttle.forgive(tx, login_throttle.limits_of_session(visitor.entered))
        # Those with another password keep it, as it was not shown.
        changed = [
            one
            for one in authentication.choices_of(tx, session)
            if visitor.may_reset or one.password in (None, present)
        ]
        details = {"by": SignInWay.LINK.value} if is_reset else {}
        for one in changed:
            memberships.change(tx, one, password=hashed)
        numbers = frozenset(one.id for one in changed)
        sign_in_links.close(tx, visitor.person.id, numbers)
        sessions.close(tx, visitor.person.id, numbers, but=session.fingerprint)
        sessions.change(tx, session.fingerprint, password_reset_until=None)
        for one in changed:
            audit.write(tx, Act.USER_PASSWORD_SET, subject_of(one), details)


def check(new: str, pointer: str) -> None:
    """Invalid for one that is too short to be hard to guess."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise Invalid.at(pointer, PASSWORD_LENGTH(least=PASSWORD_MIN, most=PASSWORD_MAX))
