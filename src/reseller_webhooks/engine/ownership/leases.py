"""Ownership by leases: several workers share the partitions of a store, and none sends for another.

The database's clock decides when a lease has lapsed. A worker keeps only a deadline on its own
monotonic clock, set before it asked, so it stops before anybody else may begin.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import inf
from typing import Protocol

import structlog

from reseller_webhooks import clock
from reseller_webhooks.clock import SECOND, Micros, StoreClock
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.engine.ports import LeaseStore
from reseller_webhooks.observability.outages import log_refusal
from reseller_webhooks.operations.leases import LeaseSnapshot

TRUSTED = 0.95
"""How much of a lease is used: clocks may drift, and a request takes a moment to leave."""
LONG = 0.7
"""Out of touch for this much of a lease, one may be the only one who is back."""
HEARTBEATS = 3
"""In the time of a lease, so that one that gets lost does no harm."""
LOOK_S = 0.5
"""How soon one that came or left is noticed, and how often to ask while partitions move."""

log = structlog.get_logger()


class PartitionListener(Protocol):
    """What leases do to the deliveries under way."""

    @property
    def yields(self) -> bool:
        """Whether others should rather send."""

    async def acquire(self, parts: Collection[int]) -> None:
        """Begin to send for these; Unavailable when the store does not tell about them."""

    def drain(self, parts: Collection[int]) -> None:
        """Start nothing more for these."""

    def release(self, parts: Collection[int]) -> None:
        """Forget these."""

    def busy(self, parts: Collection[int]) -> set[int]:
        """Those with requests under way, or results not yet written."""

    def resume(self) -> None:
        """Go on after a time in which nothing might start."""

    def clock_stepped(self, by: Micros) -> None:
        """The store's clock was set ahead or, if negative, back by so much."""


@dataclass(frozen=True, slots=True)
class HeldPartition:
    """A partition that is mine. not_before: monotonic seconds, for what must not overtake."""

    epoch: int
    not_before: float


class Leases:
    """What this worker holds. hold_s: how long a former owner's request can still be travelling."""

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
        """The store's clock, read at each beat."""
        self._store = store
        self._ttl_s, self._hold_s = ttl_s, hold_s
        self._monotonic_s = monotonic_s
        self._held: dict[int, HeldPartition] = {}
        self._draining: frozenset[int] = frozenset()
        self._moving = False
        self._unloaded: frozenset[int] = frozenset()
        """Mine, but the store did not tell of their webhooks; the next beat asks again."""
        self._deadline = -inf
        self._last_heartbeat = inf
        self._contact_since = -inf

    @property
    def parts(self) -> frozenset[int]:
        """Every partition that is held, those being given back too."""
        return frozenset(self._held)

    def in_time(self) -> bool:
        """Whether the leases surely hold; if not, nothing may start."""
        return self._monotonic_s() < self._deadline

    def epoch(self, part: int) -> int | None:
        """The epoch under which requests for the partition may start, or None."""
        holding = self._held.get(part)
        return holding.epoch if holding and part not in self._draining else None

    def hold_s(self, part: int) -> float:
        """How long ordered deliveries of the partition must still wait."""
        holding = self._held.get(part)
        return max(0.0, holding.not_before - self._monotonic_s()) if holding else 0.0

    async def run(self, queues: PartitionListener) -> None:
        """Beat for ever."""
        while True:
            try:
                await self._until_next()
                await self.heartbeat(queues)
            except Unavailable as error:
                log_refusal("the leases were not renewed", error)
                await asyncio.sleep(LOOK_S)

    async def _until_next(self) -> None:
        """Soon while partitions move, or when somebody came or left; else after a while."""
        beat_at = self._last_heartbeat + self._ttl_s / HEARTBEATS
        while (wait_s := beat_at - self._monotonic_s()) > 0:
            await asyncio.sleep(min(LOOK_S, wait_s))
            if self._moving or await self._store.live_workers() != self.members:
                return

    async def heartbeat(self, queues: PartitionListener) -> None:
        """Say that we live, and follow what comes of it. Unavailable when the store is."""
        began = self._monotonic_s()
        if began - self._last_heartbeat > LONG * self._ttl_s:
            self._contact_since = began
        standing = await self._store.heartbeat(
            release=self._releasable(queues),
            lapsed_too=began - self._contact_since >= self._ttl_s,
            stands_back=queues.yields,
            latest=self._latest_store_time(),
        )
        self._read_clock(queues, standing.now, began)
        late = not self.in_time()
        self._last_heartbeat, self._deadline = began, began + TRUSTED * self._ttl_s
        again = self._drop_lost(queues, standing)
        await self._take_new(queues, standing, again)
        if late:
            queues.resume()

    async def leave(self) -> None:
        """Give everything back, so that others need not wait for it to lapse.

        Unless a former owner's requests may still be travelling: others are to wait for them too.
        """
        self._deadline = -inf
        is_quiet = not any(map(self.hold_s, self._held))
        self._held.clear()
        if is_quiet:
            await self._store.leave()

    def _latest_store_time(self) -> Micros | None:
        """The latest that the store's clock can say, unless it was stepped ahead."""
        return self.clock.now() + int(self._ttl_s / 2 * SECOND) if self.clock.is_known else None

    def _read_clock(self, queues: PartitionListener, at: Micros, began: float) -> None:
        """After a step no lease says whether it was renewed in time, until all have beaten."""
        stepped = self.clock.read(at, began)
        if stepped:
            log.warning("the store's clock was stepped", by_s=round(stepped / SECOND, 1))
            self._contact_since = began
            queues.clock_stepped(stepped)

    def _releasable(self, queues: PartitionListener) -> frozenset[int]:
        """What can be given back: nobody's requests are under way, a former owner's included."""
        some = self._draining - queues.busy(self._draining)
        return frozenset(part for part in some if not self.hold_s(part))

    def _drop_lost(self, queues: PartitionListener, standing: LeaseSnapshot) -> frozenset[int]:
        """Those that were to be given back and are wanted again; they begin anew."""
        self.members = standing.members
        lost = [part for part in self._held if standing.kept.get(part) != self._held[part].epoch]
        for part in lost:
            del self._held[part]
        # What is under way goes on being given back, even if it is wanted again: a queue made
        # anew would not know of it.
        busy = frozenset(queues.busy(self._draining))
        draining = frozenset(self._held) - (standing.wanted - busy)
        queues.drain(draining - self._draining)
        again = (self._draining - draining) & frozenset(self._held)
        self._draining = draining
        self._moving = bool(draining) or not standing.wanted <= standing.held
        queues.release([*lost, *again])
        if lost:
            log.info("partitions given up", count=len(lost), kept=len(self._held))
        return again

    async def _take_new(
        self, queues: PartitionListener, standing: LeaseSnapshot, again: frozenset[int]
    ) -> None:
        # One that is kept and not known was taken by a beat that got no answer, perhaps lapsed.
        calm = {grant.part for grant in standing.taken if not grant.lapsed}
        epochs = standing.kept | {grant.part: grant.epoch for grant in standing.taken}
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
            lapsed = sum(grant.lapsed for grant in standing.taken)
            log.info("partitions taken", count=len(new), held=len(self._held), lapsed=lapsed)
