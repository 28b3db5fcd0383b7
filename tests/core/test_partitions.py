"""Workers that know of each other divide the partitions without a word."""

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.deliveries.partitions import assigned_to
from reseller_webhooks.core.webhooks.webhook import PARTS

WORKERS = st.frozensets(st.text("abcdef0123456789", min_size=1, max_size=8), min_size=1, max_size=8)


@given(WORKERS)
def test_every_partition_is_wanted_by_exactly_one_worker(workers: frozenset[str]) -> None:
    parts = [part for worker in workers for part in assigned_to(worker, workers)]

    assert sorted(parts) == list(range(PARTS))


@given(WORKERS, st.data())
def test_a_worker_that_goes_moves_only_its_own_partitions(
    workers: frozenset[str], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(workers)))
    left = workers - {gone}

    for worker in left:
        assert assigned_to(worker, workers) <= assigned_to(worker, left)


def test_a_worker_that_is_not_counted_wants_nothing() -> None:
    assert assigned_to("a", frozenset({"b"})) == frozenset()


def test_two_workers_get_about_half_each() -> None:
    workers = frozenset({"a", "b"})

    assert abs(len(assigned_to("a", workers)) - PARTS // 2) < PARTS // 8
