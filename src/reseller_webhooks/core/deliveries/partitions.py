"""Assigns partitions to workers, without a leader: each worker computes the same assignment."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from reseller_webhooks.core.webhooks.webhook import PARTS


@lru_cache(maxsize=64)
def assigned_to(me: str, members: frozenset[str]) -> frozenset[int]:
    """The partitions that are mine while these workers live.

    Rendezvous hashing (Thaler and Ravishankar, 1996): each partition goes to the worker with the
    highest score for it, so a worker that comes or goes moves only the partitions it wins.
    """
    return frozenset(part for part in range(PARTS) if _winner(part, members) == me)


def _winner(part: int, members: Iterable[str]) -> str:
    return max(members, key=lambda member: (_score(part, member), member), default="")


def _score(part: int, member: str) -> bytes:
    return blake2b(f"{part} {member}".encode(), digest_size=8).digest()
