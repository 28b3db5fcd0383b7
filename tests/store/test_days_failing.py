"""A turn that fails, or has not committed yet, holds up no insert."""

import pytest
from sqlalchemy import text

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store import days
from reseller_webhooks.store.database import Database, Tx
from tests.store.making import event as new_event
from tests.store.making import reseller, told


def tell(tx: Tx, version: int) -> int:
    (number,) = told(tx, new_event(reseller_id=1, version=version))
    return number


def test_a_turn_that_fails_half_way_holds_up_no_insert(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
    with on_postgres.read() as holding:
        holding.connection.execute(text("LOCK TABLE attempt IN SHARE UPDATE EXCLUSIVE MODE"))
        with pytest.raises(Unavailable):
            maintenance.turn_day(on_postgres)
        with on_postgres.write() as tx:
            assert tell(tx, 1)
    maintenance.turn_day(on_postgres)

    with on_postgres.write() as tx:
        assert tell(tx, 2) >> days.DAY_BITS == tx.now // days.DAY


def test_an_insert_while_a_day_turns_has_a_place(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
    with on_postgres.write() as turning:
        days.turn(turning)
        with on_postgres.write() as tx:
            assert tell(tx, 1)


def test_a_sequence_that_points_to_no_partition_is_mended(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
        tx.connection.execute(text(f"SELECT setval('event_id_seq', {days.first_id(tx.now)})"))
    maintenance.turn_day(on_postgres)

    with on_postgres.write() as tx:
        assert tell(tx, 1) > days.first_id(tx.now)


def test_days_ahead_have_partitions(on_postgres: Database) -> None:
    maintenance.turn_day(on_postgres)

    with on_postgres.write() as tx:
        assert days.make(tx) == 0
