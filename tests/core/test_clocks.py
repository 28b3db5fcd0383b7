"""Clocks that differ: what a receiver's Date tells, and whose clock is wrong."""

import pytest

from reseller_webhooks.core.deliveries.attempts import Attempt, Reason, from_status, with_clock
from reseller_webhooks.core.health.clocks import receiver_conditions, store_conditions, store_line

SENT_AT = 1_800_000_000.0
"""Friday, 15 January 2027, 8:00 UTC."""
SAME = "Fri, 15 Jan 2027 08:00:00 GMT"
A_DAY_AHEAD = "Sat, 16 Jan 2027 08:00:00 GMT"
DAY_S = 86_400


def told(status: int, date: str) -> Attempt:
    return with_clock(from_status(status, 0), date, SENT_AT)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_from_another_day_is_for_the_clock(status: int) -> None:
    attempt = told(status, A_DAY_AHEAD)

    assert (attempt.reason, attempt.clock_ahead_s) == (Reason.CLOCK, DAY_S)


def test_a_refusal_at_the_same_time_is_for_something_else() -> None:
    attempt = told(401, SAME)

    assert (attempt.reason, attempt.clock_ahead_s) == (Reason.STATUS, 0)


@pytest.mark.parametrize("status", [200, 404, 410, 429, 500])
def test_what_is_no_refusal_of_a_timestamp_keeps_its_reason(status: int) -> None:
    assert told(status, A_DAY_AHEAD) == from_status(status, 0)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 32 Jan 2027 08:00:00 GMT"])
def test_a_date_that_cannot_be_read_tells_nothing(date: str) -> None:
    assert told(401, date) == from_status(401, 0)


def test_a_slow_answer_is_no_wrong_clock() -> None:
    attempt = with_clock(from_status(401, 90_000), "Fri, 15 Jan 2027 08:01:30 GMT", SENT_AT)

    assert attempt.reason is Reason.STATUS


def test_a_machine_whose_clock_is_right_says_nothing() -> None:
    assert store_line(59.0) == ""
    assert list(store_conditions(-59.0)) == []


@pytest.mark.parametrize("ahead_s", [90_000.4, -90_000.4])
def test_a_machine_that_is_off_says_by_how_much_and_what_to_do(ahead_s: float) -> None:
    assert "differ by 90000 seconds; set the one that is wrong, with NTP" in store_line(ahead_s)


@pytest.mark.parametrize(
    ("ahead_s", "is_ours"),
    [
        ([DAY_S, DAY_S, DAY_S], True),
        ([-DAY_S, -DAY_S, -DAY_S + 7], True),
        ([DAY_S, DAY_S], False),
        ([DAY_S, 0, 1], False),
        ([DAY_S, DAY_S, DAY_S, 0], True),
        ([], False),
    ],
    ids=["ahead", "behind", "too few", "one is wrong", "one is like ours", "nobody"],
)
def test_our_clock_is_wrong_when_most_receivers_say_so(ahead_s: list[int], is_ours: bool) -> None:
    assert bool(list(receiver_conditions(ahead_s))) is is_ours
