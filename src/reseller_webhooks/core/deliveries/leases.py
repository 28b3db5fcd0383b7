"""Leases of partitions, as a worker holds them after a heartbeat."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """A partition that was taken. lapsed: whether its last owner did not release it."""

    part: int
    epoch: int
    lapsed: bool


@dataclass(frozen=True, slots=True)
class LeaseSnapshot:
    """The partitions of a worker after a heartbeat.

    now: the store's clock in microseconds. kept: epochs by partition, those just taken left out.
    wanted: the partitions that it should hold while the same workers live.
    """

    now: int
    members: frozenset[str]
    wanted: frozenset[int]
    kept: dict[int, int]
    taken: list[Grant]

    @property
    def held(self) -> frozenset[int]:
        """Every partition, kept or taken."""
        return frozenset(self.kept) | {grant.part for grant in self.taken}
