"""The store's clock, carried on between readings, and steps of it."""

from reseller_webhooks.clock import SECOND, StoreClock

NOON = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND


class Seconds:
    """A monotonic clock that goes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started() -> tuple[StoreClock, Seconds]:
    seconds = Seconds()
    clock = StoreClock(seconds)
    assert clock.read(NOON, seconds.now) == 0
    return clock, seconds


def test_between_readings_it_goes_on_by_the_monotonic_clock() -> None:
    clock, seconds = started()
    seconds.now += 5.0

    assert clock.now() == NOON + 5 * SECOND


def test_a_clock_that_goes_on_was_not_stepped() -> None:
    clock, seconds = started()
    seconds.now += 5.0

    assert clock.read(NOON + 5 * SECOND + 1000, seconds.now) == 0


def test_a_step_back_is_told_at_the_next_reading() -> None:
    clock, seconds = started()
    seconds.now += 5.0

    assert clock.read(NOON + 5 * SECOND - 3 * HOUR, seconds.now) == -3 * HOUR
    assert clock.now() == NOON + 5 * SECOND - 3 * HOUR


def test_a_step_ahead_is_told_at_the_next_reading() -> None:
    clock, seconds = started()

    assert clock.read(NOON + 3 * HOUR, seconds.now) == 3 * HOUR


def test_a_slow_answer_is_no_step() -> None:
    clock, seconds = started()
    asked = seconds.now
    seconds.now += 9.0

    assert clock.read(NOON + 2 * SECOND, asked) == 0


def test_a_step_during_a_slow_answer_is_told() -> None:
    clock, seconds = started()
    asked = seconds.now
    seconds.now += 9.0

    assert clock.read(NOON + 20 * SECOND, asked) == 11 * SECOND
