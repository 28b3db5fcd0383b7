"""Buckets: what comes in a window may come at once, and comes back evenly."""

import pytest

from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.access.quotas import (
    BY_HOUR,
    BY_SECOND,
    QUOTA_OF_ACT,
    Quota,
    Rate,
    rate_of,
    take,
    used_of,
)
from reseller_webhooks.core.messages.quotas import OF_QUOTA

REFUSED_TO_PLATFORM = {Quota.CHANGES_PER_SECOND, Quota.STORED_BYTES}
TEN_A_WINDOW = Rate(units=10, window_s=5)


def test_a_full_bucket_gives_all_it_holds_and_says_what_is_left() -> None:
    full_s, left = 0.0, []
    for _ in range(10):
        taken = take(full_s, 100.0, 1, TEN_A_WINDOW)
        full_s, left = taken.full_s, [*left, taken.remaining]

    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    refused = take(full_s, 100.0, 1, TEN_A_WINDOW)
    assert (refused.wait_s, refused.remaining, refused.full_s) == (1, 0, full_s)


@pytest.mark.parametrize("units", [1, 3, 10, 25])
def test_after_the_wait_that_was_told_it_is_taken(units: int) -> None:
    full_s = take(0.0, 100.0, 10, TEN_A_WINDOW).full_s
    refused = take(full_s, 100.0, units, TEN_A_WINDOW)

    assert refused.wait_s > 0
    assert take(full_s, 100.0 + refused.wait_s, units, TEN_A_WINDOW).wait_s == 0


def test_over_time_no_more_comes_than_the_rate_allows() -> None:
    full_s, taken_units = 0.0, 0
    for step in range(2_000):
        taken = take(full_s, step / 100, 1, TEN_A_WINDOW)
        full_s, taken_units = taken.full_s, taken_units + (taken.wait_s == 0)

    assert 10 + 39 <= taken_units <= 10 + 40  # the burst, and two a second for 20 seconds


def test_more_than_a_bucket_holds_is_taken_from_a_full_one_and_paid_off() -> None:
    taken = take(0.0, 100.0, 100, TEN_A_WINDOW)

    assert (taken.wait_s, taken.full_s) == (0, 150.0)
    assert take(taken.full_s, 120.0, 1, TEN_A_WINDOW).wait_s == 26


def test_what_is_used_comes_back() -> None:
    full_s = take(0.0, 100.0, 4, TEN_A_WINDOW).full_s

    assert [used_of(full_s, at, TEN_A_WINDOW) for at in (100.0, 101.0, 101.9, 102.0)] == [
        4,
        2,
        1,
        0,
    ]


def test_every_act_of_the_audit_log_counts_towards_a_quota_or_says_why_not() -> None:
    assert set(QUOTA_OF_ACT) == set(Act)
    assert all(QUOTA_OF_ACT[act] for act in Act if act.subject == "webhook")


def test_every_quota_has_a_text_that_names_its_value() -> None:
    for quota in Quota:
        params = OF_QUOTA[quota].params

        assert "limit" in params
        assert ("setting" in params) == (quota in REFUSED_TO_PLATFORM)
        assert ("wait" in params) == (rate_of(quota, 1) is not None)
    assert not BY_SECOND & BY_HOUR
