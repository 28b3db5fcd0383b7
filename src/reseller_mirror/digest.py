"""The digest of what a mirror holds; equal to the platform's when the mirror is equal.

A record is a (uuid, version) pair and falls into one of 256 buckets by the first byte of
blake2b(uuid). A bucket's value is the sum of blake2b(uuid@version), 128 bits each, modulo 2**128.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

BUCKETS = 256


@dataclass(frozen=True, slots=True)
class Digest:
    """count: records. value: one digest for all. buckets: 32 hexadecimal digits each.

    floor: of the platform's; a record that is held with a version below it, and is not in a
    snapshot fetched later, is gone there.
    """

    count: int
    value: str
    buckets: tuple[str, ...]
    floor: int = 0

    def differing(self, other: "Digest") -> list[int]:
        """The buckets in which two sides differ."""
        pairs = zip(self.buckets, other.buckets, strict=True)
        return [number for number, (mine, theirs) in enumerate(pairs) if mine != theirs]


def bucket_of(uuid: str) -> int:
    """The bucket of a record, 0 to 255."""
    return _hash(uuid)[0]


def digest_of(pairs: Iterable[tuple[str, int]]) -> Digest:
    """The digest of (uuid, version) pairs, whatever their sequence."""
    values, count = [0] * BUCKETS, 0
    for uuid, version in pairs:
        values[bucket_of(uuid)] += int.from_bytes(_hash(f"{uuid}@{version}"))
        count += 1
    texts = tuple(f"{value % (1 << 128):032x}" for value in values)
    return Digest(count, _hash("".join(texts)).hex(), texts)


def _hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
