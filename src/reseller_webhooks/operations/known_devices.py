"""Devices from which a user has signed in before, recognised by a sealed cookie.

Wrong passwords from a known device are counted apart, so strangers who guess at an account do not
lock its owner out. A cookie is of one user and one password: setting another ends all of them.
"""

from dataclasses import dataclass

import orjson

from reseller_webhooks import crypto
from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.core.access.accounts import Membership, User
from reseller_webhooks.core.errors import SecretUnreadable
from reseller_webhooks.crypto import Box

PURPOSE = "known device"
DEVICE_LIFETIME = 365 * DAY


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """The content of the cookie. person: the user's uuid. password: name of the password at that
    time."""

    id: str
    person: str
    password: str

    def is_for(self, membership: Membership) -> bool:
        """True if the device has signed in with the membership's current password."""
        return self.password == _password_name(membership.password)


def issue(
    box: Box, person: User, password: str | None, now: Micros, before: KnownDevice | None = None
) -> str:
    """The cookie for a browser that this person signs in, with the password of that hash.

    before: what it is known as already.
    """
    is_same = before is not None and before.person == person.uuid
    device = before.id if before and is_same else crypto.new_id()
    fields = [PURPOSE, now + DEVICE_LIFETIME, device, person.uuid, _password_name(password)]
    return box.seal(orjson.dumps(fields).decode())


def read(box: Box, cookie: str, now: Micros) -> KnownDevice | None:
    """The content of a cookie; None when it is too old or not valid."""
    try:
        purpose, until, *fields = orjson.loads(box.open(cookie))
        return KnownDevice(*fields) if purpose == PURPOSE and now < until else None
    except (SecretUnreadable, ValueError, TypeError):
        return None


def _password_name(password: str | None) -> str:
    """A name of a password that reveals nothing about it; it is sealed besides."""
    return crypto.fingerprint(f"password {password}")[:16]
