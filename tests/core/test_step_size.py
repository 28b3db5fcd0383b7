"""The size of steps follows the time that they take."""

from reseller_webhooks.core.step_size import next_size, target_s


def size_after(size: int, took_s: float) -> int:
    return next_size(size, took_s, 0.025, least=50, most=1_000)


def test_a_step_that_took_twice_its_time_is_followed_by_half_of_it() -> None:
    assert size_after(400, 0.05) == 200


def test_one_slow_step_halves_the_next_at_most() -> None:
    assert size_after(800, 1.0) == 400


def test_a_step_at_most_doubles() -> None:
    assert size_after(100, 0.000001) == 200
    assert size_after(100, 0.0) == 200


def test_a_step_stays_between_the_least_and_the_most() -> None:
    assert size_after(60, 10.0) == 50
    assert size_after(900, 0.001) == 1_000


def test_steps_that_everybody_waits_for_are_shorter() -> None:
    assert target_s(has_one_writer=True) < target_s(has_one_writer=False)
