"""Slots go round, and neither what is late nor what is in time keeps them from the other."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from reseller_webhooks.engine.dispatch.admission import Admission
from reseller_webhooks.engine.dispatch.concurrency import BYTES_A_SLOT
from reseller_webhooks.engine.dispatch.held_back import HeldBack
from reseller_webhooks.engine.dispatch.late_throttle import COST_MAX_S, OTHERS_S, SHARE
from reseller_webhooks.engine.dispatch.start_quota import BYTES_A_UNIT, UNITS
from reseller_webhooks.engine.dispatch.webhook_queue import WebhookQueue
from tests.engine.queue_factory import due, queue
from tests.engine.test_late_throttle import busy

AT = 100.0


_resellers = count(1)


def in_time(reseller_id: int | None = None) -> WebhookQueue:
    """A queue of that reseller, or of a new one."""
    return queue(due(1), reseller_id=reseller_id or next(_resellers))


def late(reseller_id: int | None = None) -> WebhookQueue:
    return queue(due(1, next_at=0), reseller_id=reseller_id or next(_resellers))


@pytest.fixture
async def admission() -> Admission:
    """With four slots; what is late costs a busy process as much as it can."""
    return Admission(4, busy, lambda _: None)


def take(admission: Admission, one: WebhookQueue, at: float) -> bool:
    if admission.held_back_by(one, at):
        admission.enqueue(one, at)
        return False
    admission.acquire(one)
    one.in_flight += 1
    return True


def end(admission: Admission, one: WebhookQueue) -> None:
    one.in_flight -= 1
    admission.release(one)


def taken(admission: Admission, some: Iterator[WebhookQueue], at: float) -> list[WebhookQueue]:
    """Those that got a slot in their turn."""
    got = []
    for one in some:
        if take(admission, one, at):
            admission.delivery_started(one, 0, at)
            got.append(one)
    return got


async def test_whoever_finds_no_slot_has_one_in_its_turn(admission: Admission) -> None:
    holding = [in_time() for _ in range(4)]
    first, second, third = in_time(), in_time(), in_time()
    got = [take(admission, one, AT) for one in (*holding, first, second)]
    take(admission, third, AT)
    end(admission, holding[0])
    turns = [taken(admission, admission.pop_admitted(AT), AT)]
    end(admission, holding[1])
    end(admission, holding[2])
    turns.append(taken(admission, admission.pop_admitted(AT), AT))

    assert got == [True] * 4 + [False] * 2
    assert turns == [[first], [second, third]]


async def test_a_reseller_with_many_webhooks_leaves_slots_for_the_next(
    admission: Admission,
) -> None:
    greedy = [take(admission, in_time(77), AT) for _ in range(100)]

    assert sum(greedy) == 2
    assert take(admission, in_time(), AT)
    assert take(admission, in_time(), AT)


async def test_what_becomes_free_goes_to_the_reseller_with_the_fewest_under_way() -> None:
    admission = Admission(8, busy, lambda _: None)
    greedy = [in_time(77) for _ in range(4)]
    modest = [in_time() for _ in range(4)]
    got = [take(admission, one, AT) for one in (*greedy, *modest)]
    more, newcomer = in_time(77), in_time()
    take(admission, more, AT)
    take(admission, newcomer, AT)
    end(admission, greedy[0])

    assert all(got)
    assert taken(admission, admission.pop_admitted(AT), AT) == [newcomer]


async def test_a_reseller_above_its_share_gives_way_at_its_next_answer() -> None:
    admission = Admission(8, busy, lambda _: None)
    greedy = [in_time(77) for _ in range(4)]
    for one in (*greedy, *(in_time() for _ in range(3))):
        take(admission, one, AT)
    greedy[0].in_flight -= 1
    kept_alone = admission.may_keep_slot(greedy[0], AT)
    take(admission, in_time(), AT)  # nothing is free any more

    assert (kept_alone, admission.may_keep_slot(greedy[0], AT)) == (False, False)


async def test_backlogs_that_wait_are_not_before_what_comes_in_time(admission: Admission) -> None:
    backlogs = [late() for _ in range(20)]
    for backlog in backlogs:
        if take(admission, backlog, AT):
            admission.delivery_started(backlog, 0, AT)
    first, second = in_time(), in_time()
    at_once = take(admission, first, AT), take(admission, second, AT)
    admission.delivery_ended(backlogs[0], 0, late=True)
    end(admission, backlogs[0])

    assert at_once == (True, False)  # one slot of four was kept
    assert taken(admission, admission.pop_admitted(AT), AT) == [second]


async def test_what_is_in_time_does_not_keep_the_slots_from_what_is_late(
    admission: Admission,
) -> None:
    """Though some in time wait all the while; as fast as the budget allows, and not faster."""
    admission.delivery_started(in_time(), 0, AT)
    backlog, starts, at = late(), list[float](), AT
    under_way = [one for one in (in_time() for _ in range(4)) if take(admission, one, at)]
    take(admission, backlog, at)
    while at < AT + OTHERS_S:
        take(admission, in_time(), at)
        end(admission, under_way.pop(0))
        for one in taken(admission, admission.pop_admitted(at), at):
            under_way.append(one)
            if one is backlog:
                starts.append(at)
                admission.delivery_ended(backlog, 0, late=True)
                end(admission, under_way.pop())
                take(admission, backlog, at)
                under_way += taken(admission, admission.pop_admitted(at), at)
        await asyncio.sleep(0)
        at += 0.001

    each_s = COST_MAX_S / SHARE
    assert len(starts) == pytest.approx(OTHERS_S / each_s, rel=0.3)


async def test_one_with_many_slots_gives_way_to_what_waits_late(admission: Admission) -> None:
    greedy = late()
    while take(admission, greedy, AT):
        admission.delivery_started(greedy, 0, AT)
    greedy.in_flight -= 1
    alone = admission.may_keep_slot(greedy, AT)
    while take(admission, other := late(), AT):
        admission.delivery_started(other, 0, AT)

    assert other.in_flight == 0
    assert (alone, admission.may_keep_slot(greedy, AT)) == (True, False)


async def test_no_more_starts_in_a_turn_of_the_loop_than_its_quota() -> None:
    served: list[WebhookQueue] = []
    admission = Admission(10 * UNITS, busy, served.append)
    started = 0
    for _ in range(UNITS + 5):
        one = in_time()
        if take(admission, one, AT):
            admission.delivery_started(one, 0, AT)
            started += 1
    await asyncio.sleep(0)

    assert started == UNITS
    assert len(served) == 5


async def test_a_large_body_counts_for_many_starts() -> None:
    admission = Admission(10, busy, lambda _: None)
    one = in_time()
    take(admission, one, AT)
    admission.delivery_started(one, UNITS * BYTES_A_UNIT, AT)

    assert admission.held_back_by(in_time(), AT) is HeldBack.START_QUOTA


async def test_what_a_large_body_took_is_for_others_once_it_is_sent() -> None:
    served: list[WebhookQueue] = []
    admission = Admission(4, busy, served.append)
    large, other = in_time(), in_time()
    take(admission, large, AT)
    admission.delivery_started(large, 3 * BYTES_A_SLOT, AT)
    await asyncio.sleep(0)
    got = take(admission, other, AT)
    admission.delivery_ended(large, 3 * BYTES_A_SLOT, late=False)
    await asyncio.sleep(0)

    assert not got
    assert served == [other]


async def test_large_bodies_take_more_of_a_resellers_share() -> None:
    admission = Admission(20, busy, lambda _: None)
    large, took = in_time(77), 0
    while take(admission, large, AT):
        admission.delivery_started(large, 3 * BYTES_A_SLOT, AT)
        took += 1
        await asyncio.sleep(0)
    held = admission.slots.held(77), admission.slots.requests
    for _ in range(took):
        admission.delivery_ended(large, 3 * BYTES_A_SLOT, late=False)
        end(admission, large)

    assert held == (4 * took, took)
    assert took == 3
    assert admission.slots.in_use == 0


async def test_what_waits_for_the_budget_is_served_once_it_may_send() -> None:
    loop = asyncio.get_running_loop()
    at, served = loop.time(), loop.create_future()
    admission = Admission(4, busy, served.set_result)
    admission.delivery_started(in_time(), 0, at)
    backlog = late()
    for _ in range(3):
        admission.delivery_started(backlog, 0, at)
        admission.delivery_ended(backlog, 0, late=True)
    got = take(admission, backlog, at)

    assert not got
    assert await asyncio.wait_for(served, 5) is backlog
    assert loop.time() - at >= 2 * COST_MAX_S / SHARE
