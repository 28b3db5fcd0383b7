"""A digest of many records that does not depend on their sequence, so that two parties can compare.

Each record is a (uuid, version) pair, tombstones included, and falls into one of 256 buckets by
its uuid. A bucket's value is the sum of its pairs' hashes modulo 2**128, so a change adds and
subtracts instead of counting anew. Receivers compute the same from what they hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

BUCKETS = 256
_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class Bucket:
    """The number of records in a bucket, and the sum of their hashes."""

    count: int = 0
    value: int = 0

    def add(self, uuid: str, version: int) -> "Bucket":
        """The bucket with a record added."""
        return Bucket(self.count + 1, (self.value + pair_hash(uuid, version)) % _MODULUS)

    def remove(self, uuid: str, version: int) -> "Bucket":
        """With one record fewer, which was in it."""
        return Bucket(self.count - 1, (self.value - pair_hash(uuid, version)) % _MODULUS)

    @property
    def text(self) -> str:
        """The value as 32 hexadecimal digits."""
        return f"{self.value:032x}"


@dataclass(frozen=True, slots=True)
class Digest:
    """All buckets together: equal digests mean equal sets of (uuid, version)."""

    buckets: tuple[Bucket, ...]

    @property
    def count(self) -> int:
        """The number of records."""
        return sum(bucket.count for bucket in self.buckets)

    @property
    def text(self) -> str:
        """One value for all: blake2b over the buckets' digits, 32 hexadecimal digits."""
        digits = "".join(bucket.text for bucket in self.buckets)
        return blake2b(digits.encode(), digest_size=16).hexdigest()


def bucket_of(uuid: str) -> int:
    """The bucket of a record, 0 to 255: the first byte of blake2b over its uuid."""
    return blake2b(uuid.encode(), digest_size=16).digest()[0]


def pair_hash(uuid: str, version: int) -> int:
    """blake2b over `uuid@version`, 128 bits, as a number with the first byte highest."""
    return int.from_bytes(blake2b(f"{uuid}@{version}".encode(), digest_size=16).digest())


def digest_of(pairs: Iterable[tuple[str, int]]) -> Digest:
    """The digest counted from nothing."""
    buckets = [Bucket()] * BUCKETS
    for uuid, version in pairs:
        number = bucket_of(uuid)
        buckets[number] = buckets[number].add(uuid, version)
    return Digest(tuple(buckets))
