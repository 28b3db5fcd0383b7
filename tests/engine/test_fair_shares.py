"""Shares of something scarce: by reseller first, and whoever has least is next."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.engine.fair_shares import RESELLER_WEIGHT, FairShareQueue, FairShares
from reseller_webhooks.engine.least_loaded import LeastLoaded

Claim = tuple[int, int]
"""A reseller, and one of its webhooks."""


class World:
    """Claims that take what they are given."""

    def __init__(self, count: int) -> None:
        self.shares = FairShares(count)
        self.own = Counter[Claim]()
        self.queue = FairShareQueue[Claim](
            self.shares, lambda claim: claim[0], self.own.__getitem__
        )

    def want(self, claim: Claim) -> bool:
        if self.shares.admits(self.shares.load(claim[0], self.own[claim])):
            self._take(claim)
            return True
        self.queue.add(claim)
        return False

    def end(self, claim: Claim) -> list[Claim]:
        """Who got something when the claim gave one back."""
        self.own[claim] -= 1
        self.shares.release(claim[0])
        self.queue.load_lowered(claim)
        got = []
        for one in self.queue.pop_admitted():
            self._take(one)
            got.append(one)
        return got

    def _take(self, claim: Claim) -> None:
        self.own[claim] += 1
        self.shares.acquire(claim[0])


def test_a_reseller_alone_gets_half_and_the_next_one_half_of_the_rest() -> None:
    world = World(300)
    for number in range(1000):
        world.want((1, number))
    alone = world.shares.held(1)
    for number in range(1000):
        world.want((2, number))

    assert (alone, world.shares.held(2), world.shares.free) == (150, 75, 75)


def test_resellers_that_go_on_come_to_equal_shares() -> None:
    world = World(300)
    for reseller in (1, 2):
        for number in range(1000):
            world.want((reseller, number))
    for _ in range(2000):  # one answer of each after the other; each wants to go on
        for reseller in (1, 2):
            claim = next(claim for claim in +world.own if claim[0] == reseller)
            world.queue.add(claim)
            world.end(claim)

    assert abs(world.shares.held(1) - world.shares.held(2)) <= 1
    assert world.shares.free >= 99


def test_one_webhook_leaves_something_to_the_others_of_its_reseller() -> None:
    world = World(900)
    for _ in range(900):
        world.want((1, 1))

    assert world.own[1, 1] == 400
    assert world.want((1, 2))


def test_the_webhooks_of_a_reseller_take_turns() -> None:
    world = World(4)
    for number in range(4):
        world.want((1, number))
    got = world.end((1, 0)) + world.end((1, 1)) + world.end((1, 2))

    assert got == [(1, 2), (1, 3)]


def test_a_claim_keeps_its_unit_unless_another_has_less() -> None:
    world = World(6)
    for number in range(3):
        world.want((1, number))
    for reseller in (2, 3, 4):
        world.want((reseller, 1))
    world.want((5, 1))
    for claim in ((1, 0), (2, 1)):
        world.own[claim] -= 1
    kept = world.queue.would_return_to((1, 0)), world.queue.would_return_to((2, 1))

    assert kept == (False, False)
    assert world.shares.free == 0


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans()), max_size=200))
def test_no_reseller_is_passed_over_by_one_that_has_more(
    steps: list[tuple[int, int, bool]],
) -> None:
    """Whatever comes and goes: who gets a unit in its turn had the least load of all that wait."""
    world = World(12)
    for reseller, number, comes in steps:
        claim = reseller, number
        if comes:
            world.want(claim)
        elif world.own[claim]:
            waiting = [one for one in _waiting(world) if one != claim]
            for got in world.end(claim):
                rest = [one for one in waiting if one in _waiting(world)]
                before = _load(world, got) - RESELLER_WEIGHT - 1
                assert all(_load(world, one) >= before for one in rest)
        assert world.shares.free >= 0
        assert sum((+world.own).values()) == world.shares.in_use


def _waiting(world: World) -> list[Claim]:
    return [
        (reseller, number)
        for reseller in world.queue.resellers
        for number in range(1, 4)
        if (reseller, number) in world.queue
    ]


def _load(world: World, claim: Claim) -> int:
    return world.shares.load(claim[0], world.own[claim])


def test_the_least_loaded_is_found_whichever_way_loads_have_moved() -> None:
    loads = {"a": 3, "b": 2, "c": 1}
    items = LeastLoaded[str](loads.__getitem__)
    for item in loads:
        items.add(item)
    first = items.first()
    loads["c"] = 9
    risen = items.first()
    loads["a"] = 0
    items.load_lowered("a")
    fallen = items.first()
    items.remove("a")

    assert (first, risen, fallen, items.first()) == ("c", "b", "a", "b")


def test_among_equals_the_first_that_came_is_first() -> None:
    items = LeastLoaded[str](lambda _: 0)
    for item in "xyzx":
        items.add(item)

    assert items.first() == "x"
    assert len(items) == 3
