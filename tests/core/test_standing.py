"""Whether a record is in sync, from what was delivered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.delivery import State
from reseller_webhooks.core.standing import Standing, Stands, Told, of

TOLD = st.builds(Told, st.integers(1, 9), st.sampled_from(State), st.integers(0, 3))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], Stands(Standing.NOT_TOLD)),
        ([Told(3, State.DELIVERED, 1)], Stands(Standing.IN_SYNC, 3)),
        ([Told(2, State.DELIVERED, 1)], Stands(Standing.AS_ASKED, 2)),
        ([Told(3, State.PENDING, 0)], Stands(Standing.WAITING, 0, 0)),
        (
            [Told(3, State.PENDING, 2), Told(2, State.DELIVERED, 1)],
            Stands(Standing.TRYING, 2, 0),
        ),
        ([Told(3, State.FAILED, 9), Told(2, State.DELIVERED, 1)], Stands(Standing.FAILED, 2, 0)),
        ([Told(3, State.DELIVERED, 1), Told(2, State.FAILED, 9)], Stands(Standing.IN_SYNC, 3)),
        ([Told(3, State.PENDING, 0), Told(3, State.FAILED, 9)], Stands(Standing.WAITING, 0, 0)),
        ([Told(3, State.CANCELLED, 0)], Stands(Standing.STOPPED, 0, 0)),
        ([Told(3, State.PENDING, 0), Told(2, State.SUPERSEDED, 0)], Stands(Standing.WAITING, 0, 0)),
    ],
)
def test_how_a_record_of_version_three_stands(told: list[Told], expected: Stands) -> None:
    assert of(3, told) == expected


@given(st.integers(1, 9), st.lists(TOLD, max_size=9))
def test_it_is_in_sync_exactly_when_the_newest_version_was_accepted(
    version: int, told: list[Told]
) -> None:
    accepted = any(one.state is State.DELIVERED and one.version >= version for one in told)

    assert (of(version, told).standing is Standing.IN_SYNC) == accepted
