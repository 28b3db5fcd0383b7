"""Prove that a mirror is equal, and make it so: compare digests, fetch only what differs."""

from dataclasses import dataclass

from reseller_mirror.mirror import Mirror
from reseller_mirror.source import Source

ROUNDS = 5
"""Changes that come while we compare make another round; with more, try again when it is calmer."""
MANY = 64
"""From so many differing buckets on, one walk over everything is quicker than bucket by bucket."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reconciling a type came to. fetched: records looked at. written: of these, newer."""

    resource: str
    equal: bool
    count: int
    fetched: int = 0
    written: int = 0


def reconcile(mirror: Mirror, source: Source, resource: str) -> Outcome:
    """Make the mirror equal to the platform for one type."""
    fetched = written = 0
    for round_ in range(ROUNDS):
        theirs = source.digest(resource)
        differing = theirs.differing(mirror.digest(resource))
        if not differing:
            return Outcome(resource, True, theirs.count, fetched, written)
        buckets: list[int | None] = [*differing] if len(differing) < MANY else [None]
        for bucket in buckets:
            for page in source.records(resource, bucket):
                fetched += len(page)
                # What is older over there after several rounds is so because it has gone back.
                written += mirror.keep(resource, page, even_if_older=round_ == ROUNDS - 2)
    return Outcome(resource, False, theirs.count, fetched, written)


def verify(mirror: Mirror, source: Source, resource: str) -> Outcome:
    """Compare, and change nothing."""
    theirs = source.digest(resource)
    return Outcome(resource, not theirs.differing(mirror.digest(resource)), theirs.count)
