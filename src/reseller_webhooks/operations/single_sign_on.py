"""Sign-in of people whom an identity provider vouches for.

The provider's subject is bound to a person the first time, by the verified e-mail address; from
then on the subject counts, and another one with the same address is somebody else.
"""

from dataclasses import dataclass

from reseller_webhooks import secrets
from reseller_webhooks.core.access import Way
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.operations import access
from reseller_webhooks.operations.access import LOCKED, NOWHERE, Device, normal
from reseller_webhooks.store import access as persons
from reseller_webhooks.store import identities, invites, memberships
from reseller_webhooks.store.access import Person
from reseller_webhooks.store.database import Database, Tx

BOUND = "this address belongs to another account of the identity provider; ask the operator"


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the identity provider vouches for: a subject of an issuer, with a verified address."""

    issuer: str
    subject: str
    email: str


def sign_in(database: Database, vouched: Vouched, device: Device = NOWHERE) -> str:
    """A session's token. It enters nothing but what the person is a member of.

    Somebody who is only invited is asked which invites to accept. NotSignedIn for anybody else,
    and for somebody who is locked wherever they belong.
    """
    address = normal(vouched.email)
    with database.write() as tx:
        person = _person(tx, vouched, address)
        found = memberships.of_person(tx, person.id) if person else []
        unlocked = [one for one in found if one.locked_at is None]
        is_same = person is not None and person.email == address
        is_invited = is_same and bool(invites.of_email(tx, address))
        if person and (unlocked or is_invited):
            way = Way.SINGLE_SIGN_ON if is_same else Way.RENAMED_SIGN_ON
            into = None if is_invited else access.only(unlocked)
            return access.enter(tx, person, unlocked, device, way, into=into)
        if found:
            raise NotSignedIn(LOCKED)
        raise NotSignedIn(
            f"nobody has invited {address}; ask an admin or the operator for an invite"
        )


def _person(tx: Tx, vouched: Vouched, address: str) -> Person | None:
    """Whom the subject is bound to, from now on if it was to nobody.

    None for an address that is nobody's and not invited. NotSignedIn for one that belongs to
    another subject.
    """
    bound = identities.person_of(tx, vouched.issuer, vouched.subject)
    if bound is not None:
        return bound
    if persons.person_by_email(tx, address) is None and not invites.of_email(tx, address):
        return None
    found = persons.person_for(tx, address, secrets.new_id())
    bound = identities.bind(tx, vouched.issuer, vouched.subject, found.id)
    if bound is None:
        raise NotSignedIn(BOUND)
    return bound
