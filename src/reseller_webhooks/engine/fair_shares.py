"""Fair shares of something scarce: to resellers first, then to what each of them wants it for.

The rule is the dynamic threshold of Choudhury and Hahne (1998), made for the shared memory of a
switch: a claim is admitted while its load is below what is free. One greedy reseller so gets half
of all, two get a third each, n get one part in n + 1 each, and as much as each has stays free:
the next reseller never waits for another's slow receiver. Resellers need not be counted, and no
share is set aside for a reseller that wants nothing.

A webhook's own requests count beside those of its reseller, so among the webhooks of one reseller
the same holds. What becomes free goes to the waiting claim with the least load.
"""

from collections.abc import Callable, Hashable, Iterator, Set
from typing import Generic, TypeVar

from reseller_webhooks.engine.least_loaded import LeastLoaded

RESELLER_WEIGHT = 4
"""How much a unit of the reseller counts beside one of the claim itself. The more, the less it
matters how many webhooks a reseller has; the less, the more is left for its other webhooks."""

Claim = TypeVar("Claim", bound=Hashable)


class FairShares:
    """Units of something scarce, and which reseller holds how many."""

    def __init__(self, count: int) -> None:
        self.count = self.free = count
        self._held: dict[int, int] = {}

    @property
    def in_use(self) -> int:
        """Units that are held."""
        return self.count - self.free

    @property
    def holders(self) -> int:
        """Resellers that hold any."""
        return len(self._held)

    @property
    def largest(self) -> int:
        """Units of the reseller that holds most."""
        return max(tuple(self._held.values()), default=0)

    def held(self, reseller_id: int) -> int:
        """Units of a reseller."""
        return self._held.get(reseller_id, 0)

    def load(self, reseller_id: int, own: int) -> int:
        """The load of a claim. own: units that the claim holds itself."""
        return RESELLER_WEIGHT * self.held(reseller_id) + own

    def admits(self, load: int) -> bool:
        """Whether a claim with that load may have one more unit."""
        return load < RESELLER_WEIGHT * self.free

    def acquire(self, reseller_id: int, units: int = 1) -> None:
        """A reseller holds so many more."""
        self.free -= units
        self._held[reseller_id] = self._held.get(reseller_id, 0) + units

    def release(self, reseller_id: int, units: int = 1) -> None:
        """A reseller holds so many less."""
        self.free += units
        left = self._held[reseller_id] - units
        if left:
            self._held[reseller_id] = left
        else:
            del self._held[reseller_id]


class FairQueue(Generic[Claim]):
    """Claims that wait for a unit. owner: the reseller of a claim. own: units of the claim."""

    def __init__(
        self, shares: FairShares, owner: Callable[[Claim], int], own: Callable[[Claim], int]
    ) -> None:
        self._shares = shares
        self._owner, self._own = owner, own
        self._claims: dict[int, LeastLoaded[Claim]] = {}
        self._resellers = LeastLoaded[int](self._least_load_of)

    def __bool__(self) -> bool:
        return bool(self._claims)

    def __len__(self) -> int:
        return sum(map(len, tuple(self._claims.values())))

    def __contains__(self, claim: Claim) -> bool:
        claims = self._claims.get(self._owner(claim))
        return claims is not None and claim in claims

    @property
    def resellers(self) -> Set[int]:
        """Resellers with a claim that waits."""
        return frozenset(self._claims)

    def add(self, claim: Claim) -> None:
        """A claim waits; each waits once."""
        reseller_id = self._owner(claim)
        claims = self._claims.get(reseller_id)
        if claims is None:
            claims = self._claims[reseller_id] = LeastLoaded(self._own)
        claims.add(claim)
        self._resellers.add(reseller_id)

    def load_lowered(self, claim: Claim) -> None:
        """A claim, or its reseller, holds less."""
        if not self._claims:
            return
        reseller_id = self._owner(claim)
        claims = self._claims.get(reseller_id)
        if claims is not None:
            claims.load_lowered(claim)
            self._resellers.load_lowered(reseller_id)

    def would_return_to(self, claim: Claim) -> bool:
        """Whether a unit that a claim gives back would go to the same claim again."""
        reseller_id, own = self._owner(claim), self._own(claim)
        load = self._shares.load(reseller_id, own) - RESELLER_WEIGHT
        if load >= RESELLER_WEIGHT * (self._shares.free + 1):
            return False
        claims = self._claims.get(reseller_id)
        if claims is not None:
            first = claims.first()
            if first is not None and first != claim and self._own(first) <= own:
                return False
        next_ = self._resellers.first()
        return next_ is None or next_ == reseller_id or self._least_load_of(next_) > load

    def pop_admitted(self, is_open: Callable[[], bool] = lambda: True) -> Iterator[Claim]:
        """Claims that may have a unit now, out of the queue, as long as it is open."""
        while is_open() and (claim := self._pop()) is not None:
            yield claim

    def _pop(self) -> Claim | None:
        reseller_id = self._resellers.first()
        if reseller_id is None or not self._shares.admits(self._least_load_of(reseller_id)):
            return None
        claims = self._claims[reseller_id]
        claim = claims.first()
        if claim is not None:
            claims.remove(claim)
        if not claims:
            del self._claims[reseller_id]
            self._resellers.remove(reseller_id)
        return claim

    def _least_load_of(self, reseller_id: int) -> int:
        claim = self._claims[reseller_id].first()
        return self._shares.load(reseller_id, self._own(claim) if claim is not None else 0)
