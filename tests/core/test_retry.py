"""The schedule."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome
from reseller_webhooks.core.deliveries.delivery import State, after_attempt
from reseller_webhooks.core.deliveries.retry import JITTER, RetryPolicy
from reseller_webhooks.core.messages import plain
from reseller_webhooks.settings import APPDIRECT_WAITS_S

LADDER = RetryPolicy(APPDIRECT_WAITS_S)
NOON = 1_700_000_000_000_000
FAILED = Attempt(Outcome.FAILED, ms=1, status=503, message=plain("answered 503"))
ACCEPTED = Attempt(Outcome.ACCEPTED, ms=1, status=204)

chances = st.floats(0, 1, exclude_max=True)


def test_ten_waits_make_eleven_attempts() -> None:
    states = [
        after_attempt(n, FAILED, policy=LADDER, now=NOON, chance=0.0).state for n in range(1, 12)
    ]

    assert states == [State.PENDING] * 10 + [State.FAILED]


def test_the_waits_are_those_of_the_page() -> None:
    waits = [LADDER.wait_s(failures, 0.0) for failures in range(1, 11)]

    assert waits == [300, 600, 1200, 2400, 3600, 7200, 14400, 28800, 57600, 115200]


@given(failures=st.integers(1, 10), chance=chances)
def test_chance_lengthens_a_wait_by_a_tenth_at_most(failures: int, chance: float) -> None:
    wait, plain = LADDER.wait_s(failures, chance), LADDER.wait_s(failures, 0.0)

    assert wait is not None
    assert plain is not None
    assert plain <= wait <= plain * (1 + JITTER)


@given(failures=st.integers(1, 10), chance=chances, asked=st.integers(0, 10**9))
def test_a_receiver_can_lengthen_a_wait_to_a_day_and_never_shorten_it(
    failures: int, chance: float, asked: int
) -> None:
    wait, unasked = LADDER.wait_s(failures, chance, asked), LADDER.wait_s(failures, chance)

    assert wait is not None
    assert unasked is not None
    assert unasked <= wait <= max(unasked, 86_400)


def test_an_accepted_attempt_delivers_whatever_came_before() -> None:
    states = {
        after_attempt(n, ACCEPTED, policy=LADDER, now=NOON, chance=0.5).state for n in range(1, 12)
    }

    assert states == {State.DELIVERED}


def test_the_next_attempt_is_due_after_the_wait() -> None:
    step = after_attempt(1, FAILED, policy=LADDER, now=NOON, chance=0.0)

    assert step.next_at == NOON + 300_000_000
