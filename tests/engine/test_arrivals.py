"""New deliveries are found though a transaction may commit late, below numbers already seen."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.engine.arrivals import AGAIN_S, LATE_S, STEP_S, Arrivals


def test_at_first_everything_is_new() -> None:
    assert Arrivals().since(0.0) == 0


def test_what_was_seen_is_not_asked_for_at_once_again() -> None:
    arrivals = Arrivals()
    arrivals.note(100, 1.0, 1.0)
    arrivals.note(100, 1.1, 1.1)

    assert arrivals.since(1.2) == 100


def test_what_was_seen_is_asked_for_again_each_second() -> None:
    arrivals = Arrivals()
    for at in (0.0, 0.1):
        arrivals.note(100, at, at)

    assert arrivals.since(0.1 + AGAIN_S) == 0


def test_what_was_seen_is_settled_once_nothing_can_appear_below_it() -> None:
    arrivals = Arrivals()
    arrivals.note(100, 0.0, 0.0)
    arrivals.note(200, 5.0, 5.0)
    late = LATE_S + STEP_S
    before = arrivals.since(late)
    arrivals.note(200, late, late)

    assert before < 100
    assert arrivals.since(late + AGAIN_S) == 100


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
        since = arrivals.since(now)
        seen = [number for number, (_, visible) in enumerate(given_out, 1) if visible <= now]
        found |= {number for number in seen if number > since}
        arrivals.note(max([since, *seen]), now, now)
        now += 0.5

    assert found == set(range(1, len(rows) + 1))
