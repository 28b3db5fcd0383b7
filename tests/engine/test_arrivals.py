"""New deliveries are found though a transaction may commit late, below numbers already seen."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.engine.arrivals import AGAIN_S, LATE_S, STEP_S, Arrivals


def test_at_first_everything_is_new() -> None:
    assert Arrivals().newest == 0


def test_what_was_seen_is_not_asked_for_as_new() -> None:
    arrivals = Arrivals()
    arrivals.note(100, 1.0)
    arrivals.note(90, 1.1)

    assert arrivals.newest == 100


def test_what_was_seen_lately_is_asked_for_again() -> None:
    arrivals = Arrivals()
    arrivals.note(100, 0.0)
    arrivals.settle(LATE_S)

    assert arrivals.settled == 0


def test_what_was_seen_is_settled_once_nothing_can_appear_below_it() -> None:
    arrivals = Arrivals()
    arrivals.note(100, 0.0)
    arrivals.note(200, 5.0)
    arrivals.settle(LATE_S + STEP_S)

    assert (arrivals.settled, arrivals.newest) == (100, 200)


def test_a_store_in_which_nothing_happens_is_all_settled() -> None:
    arrivals = Arrivals()
    for at in range(30):
        arrivals.note(100, float(at))
        arrivals.settle(float(at))

    assert arrivals.settled == arrivals.newest == 100


@given(
    st.lists(
        st.tuples(st.floats(0.001, 3.0), st.floats(0.0, LATE_S * 0.9)), min_size=1, max_size=60
    )
)
def test_a_number_that_becomes_visible_late_is_found(rows: list[tuple[float, float]]) -> None:
    """rows: how long after the one before a number was given out, and how late it committed."""
    given_out, at = [], 0.0
    for wait, late in rows:
        at += wait
        given_out.append((at, at + late))
    arrivals, found = Arrivals(), set[int]()
    now, end = 0.0, at + 3 * LATE_S
    while now < end:
        seen = [number for number, (_, visible) in enumerate(given_out, 1) if visible <= now]
        found |= {number for number in seen if number > arrivals.newest}
        arrivals.note(max(seen, default=0), now)
        if now % AGAIN_S == 0.0:
            found |= {number for number in seen if number > arrivals.settled}
            arrivals.settle(now)
        now += 0.5

    assert found == set(range(1, len(rows) + 1))
