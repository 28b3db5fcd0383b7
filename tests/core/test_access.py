"""Waits after wrong passwords, and what counts as one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.access.permissions import (
    FREE_GUESSES,
    LONGEST_LOCK_S,
    lock_s,
    network_of,
)


@given(st.integers(0, 10_000))
def test_waits_only_grow_and_end_at_a_quarter_of_an_hour(failures: int) -> None:
    assert lock_s(failures) <= lock_s(failures + 1) <= LONGEST_LOCK_S


def test_waits_begin_at_fifteen_seconds_and_double() -> None:
    waits = [lock_s(FREE_GUESSES + n) for n in range(-1, 5)]

    assert waits == [0, 15, 30, 60, 120, 240]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_what_one_visitor_can_take_addresses_from_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
