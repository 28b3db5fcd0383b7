"""Limits on wrong passwords: by known device, else by account and address, for all processes."""

from collections.abc import Mapping
from dataclasses import dataclass

from reseller_webhooks import crypto
from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.access.permissions import (
    FREE_GUESSES,
    FREE_GUESSES_OF_ADDRESS,
    lock_s,
    network_of,
)
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.core.messages import Message, MessageCode
from reseller_webhooks.core.messages.access import (
    MINUTES,
    MINUTES_AND_SECONDS,
    SECONDS,
    TOO_MANY_NEW_PASSWORDS,
    TOO_MANY_WRONG_PASSWORDS,
)
from reseller_webhooks.operations.known_devices import KnownDevice
from reseller_webhooks.store.access import login_failures
from reseller_webhooks.store.db.database import Database, Tx

FORGOTTEN_AFTER = DAY


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """The counters of a guess. free: the free guesses of each counter.

    clears: whether a right guess clears the rows; otherwise it only takes itself back. Rows of an
    address are not cleared: somebody who knows one of its passwords could guess the others without
    end.
    refusal: the code for too many of them.
    """

    free: Mapping[str, int]
    clears: bool = False
    refusal: MessageCode = TOO_MANY_WRONG_PASSWORDS


def limits_of_sign_in(email: str, address: str) -> LoginLimits:
    """Counters of a sign-in from an unknown device: the e-mail and the IP address."""
    free = {crypto.fingerprint(f"account {email}"): FREE_GUESSES}
    if address:
        free[crypto.fingerprint(f"address {network_of(address)}")] = FREE_GUESSES_OF_ADDRESS
    return LoginLimits(free)


def limits_of_device(device: KnownDevice) -> LoginLimits:
    """Counters of a sign-in from a known device.

    Whoever guesses from elsewhere so cannot lock out a known device, nor the other way round.
    """
    return LoginLimits({crypto.fingerprint(f"device {device.id}"): FREE_GUESSES}, clears=True)


def limits_of_others(email: str) -> LoginLimits:
    """Counters of a known device that tries another password than it is known for."""
    return LoginLimits({crypto.fingerprint(f"others {email}"): FREE_GUESSES})


def limits_of_session(membership: Membership) -> LoginLimits:
    """Counters of a signed-in user's guesses; they hold up no sign-in."""
    return LoginLimits({crypto.fingerprint(f"inside {membership.uuid}"): FREE_GUESSES}, clears=True)


def limits_of_new_password(membership: Membership) -> LoginLimits:
    """Counters of password changes, right or wrong.

    By address and reseller, so that it holds up nobody who belongs to another one.
    """
    whose = f"new {membership.reseller_id} {membership.email}"
    return LoginLimits({crypto.fingerprint(whose): FREE_GUESSES}, refusal=TOO_MANY_NEW_PASSWORDS)


def begin(database: Database, limits: LoginLimits) -> int:
    """Count a guess before it is tried; how many in a row it makes for the first of the limits.

    NotSignedIn, with the seconds to wait, when it has to; then it is not counted.
    """
    # Looking first keeps whoever hammers at the door from the writer.
    with database.read() as tx:
        _refuse(tx, limits)
    with database.write() as tx:
        _refuse(tx, limits)
        counts = [_count(tx, key, limits) for key in limits.free]
    return counts[0]


def may_begin(database: Database, limits: LoginLimits) -> bool:
    """Count a guess before it is tried, unless it has to wait."""
    try:
        begin(database, limits)
    except NotSignedIn:
        return False
    return True


def forgive(tx: Tx, limits: LoginLimits) -> None:
    """The guess that was begun was right."""
    forget = login_failures.clear if limits.clears else login_failures.take_back
    for key in limits.free:
        forget(tx, key)


def is_worth_a_line(count: int) -> bool:
    """True for the guesses that the audit log records: the 1st, 2nd, 4th, 8th... in a row."""
    return count & (count - 1) == 0


def _refuse(tx: Tx, limits: LoginLimits) -> None:
    until = max(login_failures.waits_until(tx, key) for key in limits.free)
    if until:
        raise _too_many(limits, until - tx.now)


def _count(tx: Tx, key: str, limits: LoginLimits) -> int:
    failures = login_failures.count(tx, key, fresh=tx.now - FORGOTTEN_AFTER)
    if failures is None:  # another process has counted in between
        raise _too_many(limits, max(login_failures.waits_until(tx, key) - tx.now, SECOND))
    wait_s = lock_s(failures, limits.free[key])
    if wait_s:  # a free one must not hold back who began a moment earlier and counts later
        login_failures.wait(tx, key, tx.now + wait_s * SECOND)
    return failures


def _too_many(limits: LoginLimits, left: Micros) -> NotSignedIn:
    seconds = -(-left // SECOND)
    return NotSignedIn(limits.refusal(time=_duration(seconds)), seconds)


def _duration(seconds: int) -> Message:
    minutes, rest = MINUTES(count=seconds // 60), SECONDS(count=seconds % 60)
    if seconds < 60:
        return rest
    return MINUTES_AND_SECONDS(minutes=minutes, seconds=rest) if seconds % 60 else minutes
