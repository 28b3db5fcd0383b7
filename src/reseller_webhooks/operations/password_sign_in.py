"""Sign-in with an e-mail address and a password: what happens before and after it is compared.

A password opens the memberships that have its hash: whoever has set it there was entitled to.
"""

from dataclasses import dataclass

from reseller_webhooks.core.access.accounts import Membership, User
from reseller_webhooks.core.access.audit import Act, Subject
from reseller_webhooks.core.access.permissions import SignInWay
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import LOCKED, WRONG_PASSWORD
from reseller_webhooks.operations import login_throttle
from reseller_webhooks.operations.authentication import (
    NOWHERE,
    Device,
    enter,
    normalize_email,
    only,
)
from reseller_webhooks.operations.known_devices import KnownDevice
from reseller_webhooks.operations.login_throttle import LoginLimits
from reseller_webhooks.store.access import audit, keys_and_users, memberships
from reseller_webhooks.store.db.database import Database


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A password that is about to be compared. guesses: how many in a row it makes.

    hashes: what to compare with, in one computation however many there are.
    """

    device: Device
    limits: tuple[LoginLimits, ...]
    guesses: int
    person: User | None
    hashes: frozenset[str]


def begin(
    database: Database, email: str, device: Device = NOWHERE, known: KnownDevice | None = None
) -> SignInAttempt:
    """Count an attempt before it is made: two at the same moment cannot slip through together.

    NotSignedIn for whoever guesses too often, with how long to wait: just as long for an address
    that nobody has as for one that somebody has.
    """
    wanted = normalize_email(email)
    with database.read() as tx:
        person = keys_and_users.user_by_email(tx, wanted)
        found = memberships.by_email(tx, wanted)
    is_known = known is not None and person is not None and known.person == person.uuid
    own = hashes_of([one for one in found if known and is_known and known.is_for(one)])
    if not known or not own:
        limits = login_throttle.limits_of_sign_in(wanted, device.address)
        count = login_throttle.begin(database, limits)
        return SignInAttempt(device, (limits,), count, person, hashes_of(found))
    of_device, of_others = (
        login_throttle.limits_of_device(known),
        login_throttle.limits_of_others(wanted),
    )
    count = login_throttle.begin(database, of_device)
    if not login_throttle.may_begin(database, of_others):
        return SignInAttempt(device, (of_device,), count, person, own)
    return SignInAttempt(device, (of_device, of_others), count, person, hashes_of(found))


def finish(database: Database, attempt: SignInAttempt, fitting: frozenset[str]) -> str:
    """A session's token, if the password fits. NotSignedIn otherwise, without saying why.

    fitting: those of the attempt's hashes that it fits.
    """
    person, device = attempt.person, attempt.device
    with database.write() as tx:
        opened = []
        if person and fitting:
            found = memberships.by_user(tx, person.id)
            opened = [one for one in found if one.password in fitting]
        if opened:
            for limits in attempt.limits:
                login_throttle.forgive(tx, limits)
        unlocked = [one for one in opened if one.locked_at is None]
        if person and unlocked:
            return enter(tx, person, unlocked, device, SignInWay.PASSWORD, into=only(unlocked))
        if person and login_throttle.is_worth_a_line(attempt.guesses):
            # It was at no reseller's: none of them learns that the person tries to sign in.
            subject = Subject(person.uuid, person.email, None)
            audit.write(
                tx, Act.USER_SIGN_IN_REFUSED, subject, {"guesses in a row": attempt.guesses}
            )
    raise NotSignedIn(LOCKED() if opened else WRONG_PASSWORD())


def hashes_of(found: list[Membership]) -> frozenset[str]:
    """The passwords that open them."""
    return frozenset(one.password for one in found if one.password is not None)
