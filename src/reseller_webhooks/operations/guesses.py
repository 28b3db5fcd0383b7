"""Slows down whoever guesses passwords: by account and by address, in every process alike."""

from reseller_webhooks import secrets
from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.access import (
    FREE_GUESSES,
    FREE_GUESSES_OF_ADDRESS,
    lock_s,
    network_of,
)
from reseller_webhooks.core.errors import NotSignedIn
from reseller_webhooks.store import guesses as store
from reseller_webhooks.store.database import Database, Tx

FORGOTTEN_AFTER = DAY


def begin(database: Database, email: str, address: str) -> int:
    """Count a guess before it is tried; how many in a row it makes for this account.

    NotSignedIn, with the seconds to wait, when it has to; then it is not counted.
    """
    keys = _keys(email, address)
    # Looking first keeps whoever hammers at the door from the writer.
    with database.read() as tx:
        _refuse(tx, list(keys))
    with database.write() as tx:
        _refuse(tx, list(keys))
        counts = [_count(tx, key, free) for key, free in keys.items()]
    return counts[0]


def forgive(tx: Tx, email: str, address: str) -> None:
    """The guess that was begun was right."""
    account, *place = _keys(email, address)
    store.clear(tx, account)
    for key in place:
        # Who knows one password may still guess at others.
        store.take_back(tx, key)


def is_worth_a_line(count: int) -> bool:
    """Whether the audit log tells of this guess: of the 1st, 2nd, 4th, 8th... in a row."""
    return count & (count - 1) == 0


def _keys(email: str, address: str) -> dict[str, int]:
    """The rows that count, with how many guesses are free."""
    found = {secrets.fingerprint(f"account {email}"): FREE_GUESSES}
    if address:
        found[secrets.fingerprint(f"address {network_of(address)}")] = FREE_GUESSES_OF_ADDRESS
    return found


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
