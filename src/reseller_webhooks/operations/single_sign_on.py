"""Sign-in of people whom an identity provider vouches for.

The provider's subject is bound to a person the first time, by the verified e-mail address; from
then on the subject counts, and another one with the same address is somebody else.
"""

from dataclasses import dataclass

from reseller_webhooks import crypto
from reseller_webhooks.core.access.accounts import User
from reseller_webhooks.core.access.permissions import SignInWay
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages.access import BOUND_TO_OTHER_ACCOUNT, LOCKED, NOT_INVITED
from reseller_webhooks.operations import authentication
from reseller_webhooks.operations.authentication import NOWHERE, Device, normalize_email
from reseller_webhooks.store.access import identities, invites, keys_and_users, memberships
from reseller_webhooks.store.db.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Vouched:
    """A person vouched for by the identity provider: issuer, subject and verified address."""

    issuer: str
    subject: str
    email: str


def sign_in(database: Database, vouched: Vouched, device: Device = NOWHERE) -> str:
    """A session's token. It enters nothing but what the person is a member of.

    Somebody who is only invited is asked which invites to accept. NotSignedIn for anybody else,
    and for somebody who is locked wherever they belong.
    """
    address = normalize_email(vouched.email)
    with database.write() as tx:
        person = _person(tx, vouched, address)
        found = memberships.by_user(tx, person.id) if person else []
        unlocked = [one for one in found if one.locked_at is None]
        is_same = person is not None and person.email == address
        is_invited = is_same and bool(invites.by_email(tx, address))
        if person and (unlocked or is_invited):
            way = SignInWay.SINGLE_SIGN_ON if is_same else SignInWay.RENAMED_SIGN_ON
            into = None if is_invited else authentication.only(unlocked)
            return authentication.enter(tx, person, unlocked, device, way, into=into)
        if found:
            raise NotSignedIn(LOCKED())
        raise NotSignedIn(NOT_INVITED(email=address))


def _person(tx: Tx, vouched: Vouched, address: str) -> User | None:
    """The person bound to the subject, who is bound now if the subject was free.

    None for an address that is nobody's and not invited. NotSignedIn for one that belongs to
    another subject.
    """
    bound = identities.person_of(tx, vouched.issuer, vouched.subject)
    if bound is not None:
        return bound
    if keys_and_users.user_by_email(tx, address) is None and not invites.by_email(tx, address):
        return None
    found = keys_and_users.user_for(tx, address, crypto.new_id())
    bound = identities.bind(tx, vouched.issuer, vouched.subject, found.id)
    if bound is None:
        raise NotSignedIn(BOUND_TO_OTHER_ACCOUNT())
    return bound
