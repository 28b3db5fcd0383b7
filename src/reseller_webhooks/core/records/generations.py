"""Store generations: what keeps a version from being given twice when a store goes back in time.

A store that is restored from a backup has forgotten the versions that it gave since then, so it
would give the same numbers again with other content. Every restore therefore begins a generation
with a floor above all that may have been given, and no later version is below it.
"""

from dataclasses import dataclass

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import FLOOR_TOO_HIGH

VERSION_MAX = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 8259, 6)."""
CHANGES_MAX = 2**32
"""More often than this no record changes within one generation."""


@dataclass(frozen=True, slots=True)
class Generation:
    """number: 1 for a store that was never restored. raised_at: microseconds UTC.

    floor: every version that is given in this generation is above it.
    """

    number: int = 1
    floor: int = 0
    raised_at: int | None = None


FIRST = Generation()


def raised_floor(before: Generation, now: int, *, above: int = 0) -> Generation:
    """The generation that follows. above: a version that is known to have been given.

    The floor is the time in microseconds. A record changes less than a million times a second, so
    versions counted up from an earlier floor stay below the time at which they were given; and
    time, unlike a counter in the store, is not set back by restoring the same copy twice. If the
    clock was set back, the floor is above everything that this store remembers.
    Invalid when versions would no longer be exact in JSON.
    """
    floor = max(now, above, before.floor + CHANGES_MAX if before.floor else 0)
    if floor > VERSION_MAX - CHANGES_MAX:
        raise Invalid.at("/above", FLOOR_TOO_HIGH(floor=floor))
    return Generation(before.number + 1, floor, now)


def next_version(held: int, floor: int) -> int:
    """The version of a record's next change.

    held: its version; of one that is made anew, what it begins above.
    """
    return max(held, floor) + 1


def lift(held: int, floor: int) -> int:
    """The version of a record that has not changed in this generation."""
    return max(held, floor)


def is_unreported(held: int, floor: int) -> bool:
    """True if no event of this generation has the record, so that receivers may differ."""
    return floor > 0 and held <= floor
