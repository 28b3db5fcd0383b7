"""Sign-in with an e-mail address and a password: what happens before and after it is compared."""

from dataclasses import dataclass

from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.operations import guesses
from reseller_webhooks.operations.access import LOCKED, NOWHERE, Device, enter, normal, subject_of
from reseller_webhooks.operations.known_devices import KnownDevice
from reseller_webhooks.store import access as store
from reseller_webhooks.store import audit
from reseller_webhooks.store.access import Person
from reseller_webhooks.store.database import Database


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that is about to be compared. guesses: how many in a row it makes."""

    email: str
    device: Device
    limits: guesses.Limits
    guesses: int
    person: Person | None

    @property
    def password_hash(self) -> str | None:
        """What to compare with; unknown addresses have to take as long as known ones."""
        return self.person.password if self.person else None


def begin(
    database: Database, email: str, device: Device = NOWHERE, known: KnownDevice | None = None
) -> Attempt:
    """Count an attempt before it is made: two at the same moment cannot slip through together.

    NotSignedIn for whoever guesses too often, with how long to wait: just as long for an address
    that nobody has as for one that somebody has.
    """
    wanted = normal(email)
    with database.read() as tx:
        person = store.person_by_email(tx, wanted)
    limits = guesses.limits_of_sign_in(wanted, device.address, person, known)
    return Attempt(wanted, device, limits, guesses.begin(database, limits), person)


def finish(database: Database, attempt: Attempt, *, fits: bool) -> str:
    """A session's token, if the password fits. NotSignedIn otherwise, without saying why."""
    person, device = attempt.person, attempt.device
    with database.write() as tx:
        found = store.person_by_id(tx, person.id) if person and fits else None
        if found is not None:
            guesses.forgive(tx, attempt.limits)
        if found is not None and found.locked_at is None:
            return enter(tx, found, device, "password")
        if person is not None and guesses.is_worth_a_line(attempt.guesses):
            refused = {"guesses in a row": attempt.guesses}
            audit.write(tx, Act.USER_SIGN_IN_REFUSED, subject_of(person), refused)
    raise NotSignedIn(LOCKED if found else "the e-mail address or the password is wrong")
