"""Prove that a mirror is equal, and make it so: compare digests, fetch only what differs."""

from dataclasses import dataclass
from math import ceil

from reseller_mirror.digest import BUCKETS
from reseller_mirror.mirror import Mirror
from reseller_mirror.source import PAGE, Source
from reseller_mirror.tables import present

ROUNDS = 5
"""Changes that come while we compare make another round; with more, try again when it is calmer."""
REQUEST_COSTS = 500
"""Records that take as long to fetch as one request does without any."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of reconciling a type. fetched: records read. written: of these, newer ones."""

    resource: str
    equal: bool
    count: int
    fetched: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """The result of a full comparison of a type, record by record.

    missing: only over there. extra: only here. version, content: differ, in this or in that.
    """

    resource: str
    digests_equal: bool
    count: int
    missing: int = 0
    extra: int = 0
    version: int = 0
    content: int = 0

    @property
    def equal(self) -> bool:
        """True if nothing differs."""
        return self.digests_equal and not self.missing + self.extra + self.version + self.content


def reconcile(mirror: Mirror, source: Source, resource: str) -> Outcome:
    """Make the mirror equal to the platform for one type."""
    fetched = written = 0
    for round_ in range(ROUNDS):
        theirs = source.digest(resource)
        differing = theirs.differing(mirror.digest(resource))
        if not differing:
            return Outcome(resource, True, theirs.count, fetched, written)
        for bucket in _to_fetch(differing, theirs.count):
            # What is older over there after several rounds is so because it has gone back.
            gone_back = round_ == ROUNDS - 2
            some = _follow(
                mirror, source, resource, bucket, gone_back=gone_back, floor=theirs.floor
            )
            fetched, written = fetched + some[0], written + some[1]
    return Outcome(resource, False, theirs.count, fetched, written)


def _to_fetch(differing: list[int], count: int) -> list[int] | list[None]:
    """The differing buckets, or [None] for everything when that is cheaper."""
    by_bucket = len(differing) * _cost(count / BUCKETS)
    return differing if by_bucket < _cost(count) else [None]


def _cost(records: float) -> float:
    """The cost of fetching this many records in one go, in records."""
    return records + REQUEST_COSTS * ceil(max(records, 1) / PAGE)


def compare(mirror: Mirror, source: Source, resource: str) -> Difference:
    """Compare every record's version and content, and change nothing."""
    theirs = source.digest(resource)
    digests_equal = not theirs.differing(mirror.digest(resource))
    count = missing = version = content = 0
    for page in source.records(resource):
        held = mirror.held(resource, [one.uuid for one in page])
        count += len(page)
        missing += len(page) - len(held)
        for one in (present(resource, one) for one in page if one.uuid in held):
            version += one.version != held[one.uuid].version
            content += one.content != held[one.uuid].content
    extra = max(0, mirror.count(resource) - (count - missing))
    return Difference(resource, digests_equal, count, missing, extra, version, content)


def _follow(
    mirror: Mirror,
    source: Source,
    resource: str,
    bucket: int | None,
    *,
    gone_back: bool,
    floor: int,
) -> tuple[int, int]:
    """Fetch a bucket, or everything; how many records came, and how many of them were written.

    What the platform does not have goes: when all it has is newer than the version held, or when
    it has gone back without saying so. A record that is new there is neither.
    """
    known: set[str] = set()
    written = 0
    for page in source.records(resource, bucket):
        known.update(one.uuid for one in page)
        written += mirror.keep(resource, page, even_if_older=gone_back)
    below = None if gone_back else floor
    written += mirror.forget_others(resource, bucket, known, below=below)
    return len(known), written
