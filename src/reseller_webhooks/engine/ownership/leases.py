"""Leases: workers divide the partitions of a store, and only a partition's owner sends for it.

The database's clock decides when a lease has lapsed. A worker keeps a deadline on its own monotonic
clock, counted from before the heartbeat was sent, so it stops before another worker may start.
"""

import asyncio
from collections.abc import Callable, Collection, Set
from dataclasses import dataclass
from math import inf
from typing import Protocol

import structlog

from reseller_webhooks import clock
from reseller_webhooks.clock import SECOND, Micros, StoreClock
from reseller_webhooks.core.deliveries.leases import LeaseSnapshot
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.ports import LeaseStore
from reseller_webhooks.observability.outages import log_refusal

TRUSTED = 0.95
"""Share of a lease that is used: clocks may drift, and a request takes a moment to leave."""
LONG = 0.7
"""After a gap of this share of a lease, other workers may not have renewed theirs yet."""
HEARTBEATS = 3
"""Heartbeats per lease, so that a lost one does no harm."""
LOOK_S = 0.5
"""Seconds between looks for new or gone workers, and between moves of partitions."""

log = structlog.get_logger()


class PartitionListener(Protocol):
    """Starts and stops deliveries as partitions are acquired and lost."""

    @property
    def yields(self) -> bool:
        """True if partitions are left to other workers."""

    async def acquire(self, parts: Collection[int]) -> None:
        """Start sending for these partitions. Raises Unavailable if the store does not answer."""

    def drain(self, parts: Collection[int]) -> None:
        """Start no more deliveries for these partitions."""

    def release(self, parts: Collection[int]) -> None:
        """Forget these partitions."""

    def busy(self, parts: Collection[int]) -> set[int]:
        """Partitions with requests in flight or results not yet written."""

    def resume(self) -> None:
        """Start deliveries again, after a time in which none could start."""

    def clock_stepped(self, by: Micros) -> None:
        """The store's clock was stepped ahead or, if negative, back."""


@dataclass(frozen=True, slots=True)
class HeldPartition:
    """A held partition. not_before: earliest start of ordered deliveries, in monotonic seconds."""

    epoch: int
    not_before: float


class Leases:
    """The leases of this worker. hold_s: how long a former owner's request can be in flight."""

    def __init__(
        self,
        store: LeaseStore,
        *,
        ttl_s: float,
        hold_s: float,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self.members: frozenset[str] = frozenset()
        self.clock = StoreClock(monotonic_s)
        """The store's clock, read at each heartbeat."""
        self._store = store
        self._ttl_s, self._hold_s = ttl_s, hold_s
        self._monotonic_s = monotonic_s
        self._held: dict[int, HeldPartition] = {}
        self._draining: frozenset[int] = frozenset()
        self._moving = False
        self._unloaded: frozenset[int] = frozenset()
        """Held partitions whose webhooks could not be loaded; the next heartbeat tries again."""
        self._deadline = -inf
        self._last_heartbeat = inf
        self._contact_since = -inf

    @property
    def parts(self) -> frozenset[int]:
        """Every held partition, including those being drained."""
        return frozenset(self._held)

    @implements(Rule.DEADLINE)
    def in_time(self) -> bool:
        """True while the leases certainly hold; otherwise no delivery may start."""
        return self._monotonic_s() < self._deadline

    def epoch(self, part: int) -> int | None:
        """The epoch under which requests for the partition may start, or None."""
        holding = self._held.get(part)
        return holding.epoch if holding and part not in self._draining else None

    @implements(Rule.FORMER_OWNER)
    def hold_s(self, part: int) -> float:
        """Seconds for which ordered deliveries of the partition must still wait."""
        holding = self._held.get(part)
        return max(0.0, holding.not_before - self._monotonic_s()) if holding else 0.0

    async def run(self, queues: PartitionListener) -> None:
        """Send heartbeats forever."""
        while True:
            try:
                await self._until_next()
                await self.heartbeat(queues)
            except Unavailable as error:
                log_refusal("the leases were not renewed", error)
                await asyncio.sleep(LOOK_S)

    async def _until_next(self) -> None:
        """Wait for the next heartbeat: a short time while partitions move or workers change."""
        beat_at = self._last_heartbeat + self._ttl_s / HEARTBEATS
        while (wait_s := beat_at - self._monotonic_s()) > 0:
            await asyncio.sleep(min(LOOK_S, wait_s))
            if self._moving or await self._store.live_workers() != self.members:
                return

    async def heartbeat(self, queues: PartitionListener) -> None:
        """Renew the leases and apply changes. Raises Unavailable if the store does not answer."""
        began = self._monotonic_s()
        if began - self._last_heartbeat > LONG * self._ttl_s:
            self._contact_since = began
        snapshot = await self._store.heartbeat(
            release=self._releasable(queues),
            lapsed_too=self._may_take_lapsed(began),
            stands_back=queues.yields,
            latest=self._latest_store_time(),
        )
        self._read_clock(queues, snapshot.now, began)
        late = not self.in_time()
        self._last_heartbeat, self._deadline = began, began + TRUSTED * self._ttl_s
        again = self._drop_lost(queues, snapshot)
        await self._take_new(queues, snapshot, again)
        if late:
            queues.resume()

    async def leave(self) -> None:
        """Release all partitions, so that others need not wait for the leases to lapse.

        Not while a former owner's requests may be in flight: others must wait for them too.
        """
        self._deadline = -inf
        is_quiet = not any(map(self.hold_s, self._held))
        self._held.clear()
        if is_quiet:
            await self._store.leave()

    @implements(Rule.LAPSED_LEASES)
    def _may_take_lapsed(self, at: float) -> bool:
        """True if every live worker has had the time to renew its leases."""
        return at - self._contact_since >= self._ttl_s

    @implements(Rule.LEASES_AFTER_STEP)
    def _latest_store_time(self) -> Micros | None:
        """The latest time the store's clock can show unless it was stepped ahead."""
        return self.clock.now() + int(self._ttl_s / 2 * SECOND) if self.clock.is_known else None

    def _read_clock(self, queues: PartitionListener, at: Micros, began: float) -> None:
        """Read the store's clock. After a step, trust no lapsed lease until all have renewed."""
        stepped = self.clock.read(at, began)
        if stepped:
            log.warning("the store's clock was stepped", by_s=round(stepped / SECOND, 1))
            self._contact_since = began
            queues.clock_stepped(stepped)

    def _releasable(self, queues: PartitionListener) -> frozenset[int]:
        contended = {part for part in self._draining if self.hold_s(part)}
        return _idle(self._draining, queues.busy(self._draining) | contended)

    def _drop_lost(self, queues: PartitionListener, snapshot: LeaseSnapshot) -> frozenset[int]:
        """Drop lost partitions. Returns drained ones that are wanted again, to load anew."""
        self.members = snapshot.members
        lost = [part for part in self._held if snapshot.kept.get(part) != self._held[part].epoch]
        for part in lost:
            del self._held[part]
        # A partition with requests in flight keeps draining even if it is wanted again: a new
        # queue would not know of those requests.
        busy = frozenset(queues.busy(self._draining))
        draining = frozenset(self._held) - (snapshot.wanted - busy)
        queues.drain(draining - self._draining)
        again = (self._draining - draining) & frozenset(self._held)
        self._draining = draining
        self._moving = bool(draining) or not snapshot.wanted <= snapshot.held
        queues.release([*lost, *again])
        if lost:
            log.info("partitions released", count=len(lost), kept=len(self._held))
        return again

    async def _take_new(
        self, queues: PartitionListener, snapshot: LeaseSnapshot, again: frozenset[int]
    ) -> None:
        # A kept partition that is not known here was taken by a heartbeat without an answer, and
        # may have lapsed before.
        calm = {grant.part for grant in snapshot.taken if not grant.lapsed}
        epochs = snapshot.kept | {grant.part: grant.epoch for grant in snapshot.taken}
        new = {part: epoch for part, epoch in epochs.items() if part not in self._held}
        safe_at = self._monotonic_s() + self._hold_s
        for part, epoch in new.items():
            self._held[part] = HeldPartition(epoch, -inf if part in calm else safe_at)
        self._unloaded = (self._unloaded | again | frozenset(new)) & frozenset(self._held)
        if not self._unloaded:
            return
        await queues.acquire(self._unloaded)
        self._unloaded = frozenset()
        if new:
            lapsed = sum(grant.lapsed for grant in snapshot.taken)
            log.info("partitions taken", count=len(new), held=len(self._held), lapsed=lapsed)


@implements(Rule.RELEASE_IDLE)
def _idle(draining: frozenset[int], busy: Set[int]) -> frozenset[int]:
    """Drained partitions without requests in flight, of this worker or a former owner."""
    return draining - busy
