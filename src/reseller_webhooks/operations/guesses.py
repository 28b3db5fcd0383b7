"""Limits on wrong passwords: by known device, else by account and address, for all processes."""

from collections.abc import Mapping

from reseller_webhooks import secrets
from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access import (
    FREE_GUESSES,
    FREE_GUESSES_OF_ADDRESS,
    lock_s,
    network_of,
)
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.operations.known_devices import KnownDevice
from reseller_webhooks.store import guesses as store
from reseller_webhooks.store.access import Person
from reseller_webhooks.store.database import Database, Tx

FORGOTTEN_AFTER = DAY
Limits = Mapping[str, int]
"""Rows that count, and how many guesses are free in each."""


def limits_of_sign_in(
    email: str, address: str, person: Person | None, device: KnownDevice | None
) -> Limits:
    """What a sign-in counts for: a known device alone, else the account and the address.

    Whoever guesses from elsewhere so cannot lock out a known device, nor the other way round.
    """
    if device and person and device.is_of(person):
        return {secrets.fingerprint(f"device {device.id}"): FREE_GUESSES}
    limits = {secrets.fingerprint(f"account {email}"): FREE_GUESSES}
    if address:
        limits[secrets.fingerprint(f"address {network_of(address)}")] = FREE_GUESSES_OF_ADDRESS
    return limits


def limits_of_session(person: Person) -> Limits:
    """What a guess by somebody who is signed in counts for: nothing that holds up a sign-in."""
    return {secrets.fingerprint(f"inside {person.uuid}"): FREE_GUESSES}


def begin(database: Database, limits: Limits) -> int:
    """Count a guess before it is tried; how many in a row it makes for the first of the limits.

    NotSignedIn, with the seconds to wait, when it has to; then it is not counted.
    """
    # Looking first keeps whoever hammers at the door from the writer.
    with database.read() as tx:
        _refuse(tx, list(limits))
    with database.write() as tx:
        _refuse(tx, list(limits))
        counts = [_count(tx, key, free) for key, free in limits.items()]
    return counts[0]


def forgive(tx: Tx, limits: Limits) -> None:
    """The guess that was begun was right."""
    first, *others = limits
    store.clear(tx, first)
    for key in others:
        # Who knows one password may still guess at others.
        store.take_back(tx, key)


def is_worth_a_line(count: int) -> bool:
    """Whether the audit log tells of this guess: of the 1st, 2nd, 4th, 8th... in a row."""
    return count & (count - 1) == 0


def _refuse(tx: Tx, keys: list[str]) -> None:
    until = max(store.waits_until(tx, key) for key in keys)
    if until:
        raise _too_many(until - tx.now)


def _count(tx: Tx, key: str, free: int) -> int:
    failures = store.count(tx, key, fresh=tx.now - FORGOTTEN_AFTER)
    if failures is None:  # another process has counted in between
        raise _too_many(max(store.waits_until(tx, key) - tx.now, SECOND))
    wait_s = lock_s(failures, free)
    if wait_s:  # a free one must not hold back who began a moment earlier and counts later
        store.wait(tx, key, tx.now + wait_s * SECOND)
    return failures


def _too_many(left: Micros) -> NotSignedIn:
    seconds = -(-left // SECOND)
    minutes, rest = divmod(seconds, 60)
    parts = [_plural(minutes, "minute")] if minutes else []
    parts += [_plural(rest, "second")] if rest or not minutes else []
    return NotSignedIn(
        f"too many wrong passwords; wait {' and '.join(parts)} and try again", seconds
    )


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
