"""Slots go round, and neither what is late nor what is in time keeps them from the other."""

import asyncio
from collections.abc import Iterator

import pytest

from reseller_webhooks.engine.admission import Admission
from reseller_webhooks.engine.budget import COST_MAX_S, OTHERS_S, SHARE
from reseller_webhooks.engine.lane import Lane
from tests.engine.laning import due, lane
from tests.engine.test_budget import busy

AT = 100.0


def in_time() -> Lane:
    return lane(due(1))


def late() -> Lane:
    return lane(due(1, next_at=0))


@pytest.fixture
def admission() -> Admission:
    """With four slots; what is late costs a busy process as much as it can."""
    return Admission(4, busy, lambda _: None)


def take(admission: Admission, one: Lane, at: float) -> bool:
    if not admission.admits(one, at):
        return False
    admission.take()
    return True


def taken(admission: Admission, some: Iterator[Lane], at: float) -> list[Lane]:
    """Those that got a slot in their turn."""
    got = []
    for one in some:
        if take(admission, one, at):
            admission.started(at, late=one.late)
            got.append(one)
    return got


async def test_whoever_finds_no_slot_has_one_in_its_turn(admission: Admission) -> None:
    first, second, third = in_time(), in_time(), in_time()
    got = [take(admission, one, AT) for one in (*(in_time() for _ in range(4)), first, second)]
    take(admission, third, AT)
    admission.give_back()
    turns = [taken(admission, admission.turns(AT), AT)]
    admission.give_back()
    admission.give_back()
    turns.append(taken(admission, admission.turns(AT), AT))

    assert got == [True] * 4 + [False] * 2
    assert turns == [[first], [second, third]]


async def test_backlogs_that_wait_are_not_before_what_comes_in_time(admission: Admission) -> None:
    for backlog in (late() for _ in range(20)):
        if take(admission, backlog, AT):
            admission.started(AT, late=True)
    first, second = in_time(), in_time()
    at_once = take(admission, first, AT), take(admission, second, AT)
    admission.ended(late=True)
    admission.give_back()

    assert at_once == (True, False)  # one slot of four was kept
    assert taken(admission, admission.turns(AT), AT) == [second]


async def test_what_is_in_time_does_not_keep_the_slots_from_what_is_late(
    admission: Admission,
) -> None:
    """Though some in time wait all the while; as fast as the budget allows, and not faster."""
    admission.started(AT, late=False)
    backlog, starts, at = late(), list[float](), AT
    for _ in range(4):
        take(admission, in_time(), at)
    take(admission, backlog, at)
    while at < AT + OTHERS_S:
        take(admission, in_time(), at)
        admission.give_back()
        if backlog in taken(admission, admission.turns(at), at):
            starts.append(at)
            admission.ended(late=True)
            take(admission, backlog, at)
        at += 0.001

    each_s = COST_MAX_S / SHARE
    assert len(starts) == pytest.approx(OTHERS_S / each_s, rel=0.3)


async def test_one_with_many_slots_gives_way_to_what_waits_late(admission: Admission) -> None:
    greedy = late()
    while take(admission, greedy, AT):
        greedy.in_flight += 1
        admission.started(AT, late=True)
    alone = admission.keeps(greedy, AT)
    take(admission, late(), AT)

    assert (alone, admission.keeps(greedy, AT)) == (True, False)


async def test_what_waits_for_the_budget_is_served_once_it_may_send() -> None:
    loop = asyncio.get_running_loop()
    at, served = loop.time(), loop.create_future()
    admission = Admission(4, busy, served.set_result)
    admission.started(at, late=False)
    for _ in range(3):
        admission.started(at, late=True)
        admission.ended(late=True)
    backlog = late()
    got = take(admission, backlog, at)

    assert not got
    assert await asyncio.wait_for(served, 5) is backlog
    assert loop.time() - at >= 2 * COST_MAX_S / SHARE
