"""Memory has a bound, however many webhooks have a long backlog, and whatever they tell."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.delivery import Delivery
from reseller_webhooks.core.notification import Due
from reseller_webhooks.engine.lane import READY_MAX
from reseller_webhooks.engine.stock import LEAST, ROW_BYTES, TYPICAL_BYTES, Stock


def due(size: int) -> Due:
    delivery = Delivery(1, 1, 1, 1, "COMPANY", "ADDED", "c1", 1, 0, 0, 0, None)
    return Due(delivery, "e1", b"x" * size)


def test_who_is_alone_gets_all_that_is_wished() -> None:
    assert Stock().room(READY_MAX) == READY_MAX


def test_what_is_taken_makes_room_again() -> None:
    stock = Stock(bytes_max=100 * ROW_BYTES)
    for _ in range(100):
        stock.put(due(0))
    full = stock.room(50)
    for _ in range(100):
        stock.take(due(0))

    assert (full, stock.room(1)) == (LEAST, LEAST)
    assert Stock(bytes_max=2**30).room(50) == 50


@given(st.integers(1, 2_000), st.integers(0, 20_000), st.integers(1, READY_MAX))
def test_however_many_have_a_backlog_the_bound_holds(lanes: int, size: int, wish: int) -> None:
    """But for what each may hold at the least, and what the first took before sizes were known."""
    bytes_max = 2**20
    stock, held = Stock(bytes_max), 0
    for _ in range(lanes):
        for _ in range(stock.room(wish)):
            stock.put(due(size))
            held += size + ROW_BYTES

    least = lanes * LEAST * (size + ROW_BYTES)
    assert held <= bytes_max + least + bytes_max * (size + ROW_BYTES) / (3 * ROW_BYTES) / 16


def test_what_is_asked_for_takes_room_before_it_comes() -> None:
    stock = Stock(bytes_max=100 * 16 * TYPICAL_BYTES)
    first = stock.room(80)
    stock.asked += 80 * 16
    second = stock.room(80)
    stock.asked -= 80 * 16

    assert (first, second, stock.room(80)) == (80, 20, 80)


def test_a_quarter_is_kept_from_what_is_late() -> None:
    stock = Stock(bytes_max=100 * 16 * ROW_BYTES)
    while stock.room(80, late=True) > LEAST:
        stock.put(due(0))

    assert stock.room(80) > 20


def test_what_a_delivery_brings_is_not_shown() -> None:
    assert "xxx" not in repr(due(3))
