"""Fair shares of a scarce resource: among resellers first, then among each reseller's claims.

The rule is the dynamic threshold of Choudhury and Hahne (1998) for the shared memory of a switch: a
claim is admitted while its load is below the number of free units. A single greedy reseller so gets
half of all units, two get a third each, n get 1/(n + 1) each, and as many stay free: the next
reseller never waits for another's slow receiver. The rule needs no count of resellers and reserves
nothing for idle ones.

A webhook's own requests count beside those of its reseller, so the same holds among the webhooks of
one reseller. A released unit goes to the waiting claim with the least load.
"""

from collections.abc import Callable, Hashable, Iterator, Set
from typing import Generic, TypeVar

from reseller_webhooks.core.rules import Rule, implements
from reseller_webhooks.engine.least_loaded import LeastLoaded

RESELLER_WEIGHT = 4
"""Weight of the reseller's units against the claim's own. A higher weight makes the number of its
webhooks matter less; a lower one leaves more for its other webhooks."""

Claim = TypeVar("Claim", bound=Hashable)


class FairShares:
    """Counts units by reseller."""

    def __init__(self, count: int) -> None:
        self.count = self.free = count
        self._held: dict[int, int] = {}

    @property
    def in_use(self) -> int:
        """Units in use."""
        return self.count - self.free

    @property
    def holders(self) -> int:
        """Number of resellers that hold units."""
        return len(self._held)

    @property
    def largest(self) -> int:
        """Units of the reseller that holds the most."""
        return max(tuple(self._held.values()), default=0)

    def held(self, reseller_id: int) -> int:
        """Units of a reseller."""
        return self._held.get(reseller_id, 0)

    @implements(Rule.RESELLERS_FIRST)
    def load(self, reseller_id: int, own: int) -> int:
        """The load of a claim. own: units that the claim itself holds."""
        return RESELLER_WEIGHT * self.held(reseller_id) + own

    @implements(Rule.FAIR_SHARES)
    def admits(self, load: int) -> bool:
        """True if a claim with that load may take another unit."""
        return load < RESELLER_WEIGHT * self.free

    def acquire(self, reseller_id: int, units: int = 1) -> None:
        """Take units for a reseller."""
        self.free -= units
        self._held[reseller_id] = self._held.get(reseller_id, 0) + units

    def release(self, reseller_id: int, units: int = 1) -> None:
        """Return units of a reseller."""
        self.free += units
        left = self._held[reseller_id] - units
        if left:
            self._held[reseller_id] = left
        else:
            del self._held[reseller_id]


class FairShareQueue(Generic[Claim]):
    """Claims that wait for a unit. owner: a claim's reseller. own: a claim's units."""

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
        """Resellers with a waiting claim."""
        return frozenset(self._claims)

    def add(self, claim: Claim) -> None:
        """Add a waiting claim, unless it is waiting already."""
        reseller_id = self._owner(claim)
        claims = self._claims.get(reseller_id)
        if claims is None:
            claims = self._claims[reseller_id] = LeastLoaded(self._own)
        claims.add(claim)
        self._resellers.add(reseller_id)

    def load_lowered(self, claim: Claim) -> None:
        """The load of a claim or of its reseller fell."""
        if not self._claims:
            return
        reseller_id = self._owner(claim)
        claims = self._claims.get(reseller_id)
        if claims is not None:
            claims.load_lowered(claim)
            self._resellers.load_lowered(reseller_id)

    def would_return_to(self, claim: Claim) -> bool:
        """True if a unit released by a claim would go to the same claim again."""
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
        """Pop claims that may take a unit now, while `is_open` returns true."""
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
