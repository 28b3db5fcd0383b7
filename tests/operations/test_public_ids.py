"""What others see of the store's numbers: nothing that can be counted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reseller_webhooks.core.enums import NUMBER_MAX
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.store.db.database import Database

NUMBERS = st.integers(0, NUMBER_MAX)
ANY_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ids(database: Database) -> PublicIds:
    return PublicIds(database)


@ANY_FIXTURE
@given(NUMBERS, NUMBERS)
def test_what_was_encrypted_comes_back(ids: PublicIds, first: int, second: int) -> None:
    assert ids.decrypt("place", ids.encrypt("place", first, second), 2) == (first, second)
    assert ids.number_of_delivery(ids.delivery(first)) == first


def test_ids_that_follow_each_other_do_not_look_so(ids: PublicIds) -> None:
    shown = [ids.delivery(number) for number in range(1, 300)]

    assert len(set(shown)) == len(shown)
    assert shown != sorted(shown)
    assert max(len(text) for text in shown) == len("dlv_") + 22


def test_every_process_of_a_store_gives_the_same_id(database: Database) -> None:
    assert PublicIds(database).delivery(7) == PublicIds(database).delivery(7)


def test_an_id_of_before_is_read(ids: PublicIds) -> None:
    assert ids.number_of_delivery("dlv_17") == 17


@ANY_FIXTURE
@given(st.text(max_size=60))
def test_what_is_no_id_of_ours_is_none(ids: PublicIds, text: str) -> None:
    assert ids.decrypt("place", text, 1) is None
    assert ids.number_of_delivery("dlv_x" + text) is None


def test_an_id_is_of_use_for_its_purpose_alone(ids: PublicIds) -> None:
    one, two = ids.encrypt("cursor", 7), ids.encrypt("cursor", 7, 8)

    assert ids.decrypt("stream", one, 1) is None
    assert ids.decrypt("cursor", one, 2) is None
    assert ids.decrypt("cursor", two, 1) is None
    assert ids.decrypt("cursor", two[22:] + two[:22], 2) is None
