"""Whether a record is in sync, from what was delivered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.sync.sync_status import (
    LastDelivery,
    RecordStatus,
    SyncStatus,
    record_status,
)

TOLD = st.builds(LastDelivery, st.integers(1, 9), st.sampled_from(State), st.integers(0, 3))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], RecordStatus(SyncStatus.NOT_TOLD)),
        ([LastDelivery(3, State.DELIVERED, 1)], RecordStatus(SyncStatus.IN_SYNC, 3)),
        ([LastDelivery(2, State.DELIVERED, 1)], RecordStatus(SyncStatus.AS_ASKED, 2)),
        ([LastDelivery(3, State.PENDING, 0)], RecordStatus(SyncStatus.WAITING, 0, 0)),
        (
            [LastDelivery(3, State.PENDING, 2), LastDelivery(2, State.DELIVERED, 1)],
            RecordStatus(SyncStatus.TRYING, 2, 0),
        ),
        (
            [LastDelivery(3, State.FAILED, 9), LastDelivery(2, State.DELIVERED, 1)],
            RecordStatus(SyncStatus.FAILED, 2, 0),
        ),
        (
            [LastDelivery(3, State.DELIVERED, 1), LastDelivery(2, State.FAILED, 9)],
            RecordStatus(SyncStatus.IN_SYNC, 3),
        ),
        (
            [LastDelivery(3, State.PENDING, 0), LastDelivery(3, State.FAILED, 9)],
            RecordStatus(SyncStatus.WAITING, 0, 0),
        ),
        ([LastDelivery(3, State.CANCELLED, 0)], RecordStatus(SyncStatus.STOPPED, 0, 0)),
        (
            [LastDelivery(3, State.PENDING, 0), LastDelivery(2, State.SUPERSEDED, 0)],
            RecordStatus(SyncStatus.WAITING, 0, 0),
        ),
    ],
)
def test_how_a_record_of_version_three_stands(
    told: list[LastDelivery], expected: RecordStatus
) -> None:
    assert record_status(3, told) == expected


@given(st.integers(1, 9), st.lists(TOLD, max_size=9))
def test_it_is_in_sync_exactly_when_the_newest_version_was_accepted(
    version: int, told: list[LastDelivery]
) -> None:
    accepted = any(one.state is State.DELIVERED and one.version >= version for one in told)

    assert (record_status(version, told).status is SyncStatus.IN_SYNC) == accepted
