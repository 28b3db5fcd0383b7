"""Memory has a bound, however many webhooks have a long backlog, and whatever they tell."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.delivery import Delivery
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.engine.dispatch.prefetch_budget import (
    LEAST,
    ROW_BYTES,
    TYPICAL_BYTES,
    PrefetchBudget,
)
from reseller_webhooks.engine.dispatch.webhook_queue import READY_MAX


def due(size: int) -> DueDelivery:
    delivery = Delivery(1, 1, 1, 1, "COMPANY", "ADDED", "c1", 1, 0, 0, 0, None)
    return DueDelivery(delivery, "e1", b"x" * size)


def test_who_is_alone_gets_all_that_is_wished() -> None:
    assert PrefetchBudget().capacity(READY_MAX) == READY_MAX


def test_what_is_taken_makes_room_again() -> None:
    prefetch = PrefetchBudget(bytes_max=100 * ROW_BYTES)
    for _ in range(100):
        prefetch.add(due(0))
    full = prefetch.capacity(50)
    for _ in range(100):
        prefetch.remove(due(0))

    assert (full, prefetch.capacity(1)) == (LEAST, LEAST)
    assert PrefetchBudget(bytes_max=2**30).capacity(50) == 50


@given(st.integers(1, 2_000), st.integers(0, 20_000), st.integers(1, READY_MAX))
def test_however_many_have_a_backlog_the_bound_holds(queues: int, size: int, wish: int) -> None:
    """But for what each may hold at the least, and what the first took before sizes were known."""
    bytes_max = 2**20
    prefetch, held = PrefetchBudget(bytes_max), 0
    for _ in range(queues):
        for _ in range(prefetch.capacity(wish)):
            prefetch.add(due(size))
            held += size + ROW_BYTES

    least = queues * LEAST * (size + ROW_BYTES)
    assert held <= bytes_max + least + bytes_max * (size + ROW_BYTES) / (3 * ROW_BYTES) / 16


def test_what_is_asked_for_takes_room_before_it_comes() -> None:
    prefetch = PrefetchBudget(bytes_max=100 * 16 * TYPICAL_BYTES)
    first = prefetch.capacity(80)
    prefetch.requested += 80 * 16
    second = prefetch.capacity(80)
    prefetch.requested -= 80 * 16

    assert (first, second, prefetch.capacity(80)) == (80, 20, 80)


def test_a_quarter_is_kept_from_what_is_late() -> None:
    prefetch = PrefetchBudget(bytes_max=100 * 16 * ROW_BYTES)
    while prefetch.capacity(80, late=True) > LEAST:
        prefetch.add(due(0))

    assert prefetch.capacity(80) > 20


def test_what_a_delivery_brings_is_not_shown() -> None:
    assert "xxx" not in repr(due(3))
