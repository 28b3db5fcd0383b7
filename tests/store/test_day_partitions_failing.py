"""A turn that fails, or has not committed yet, holds up no insert."""

import pytest
from sqlalchemy import text

from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.db import day_partitions
from reseller_webhooks.store.db.database import Database, Tx
from tests.store.factories import event as new_event
from tests.store.factories import reseller, told


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
        assert tell(tx, 2) >> day_partitions.DAY_BITS == tx.now // day_partitions.DAY


def test_an_insert_while_a_day_turns_has_a_place(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
    with on_postgres.write() as turning:
        day_partitions.turn(turning)
        with on_postgres.write() as tx:
            assert tell(tx, 1)


def test_a_sequence_that_points_to_no_partition_is_mended(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
        tx.connection.execute(
            text(f"SELECT setval('event_id_seq', {day_partitions.first_id(tx.now)})")
        )
    maintenance.turn_day(on_postgres)

    with on_postgres.write() as tx:
        assert tell(tx, 1) > day_partitions.first_id(tx.now)


def test_days_ahead_have_partitions(on_postgres: Database) -> None:
    maintenance.turn_day(on_postgres)

    with on_postgres.write() as tx:
        assert day_partitions.make(tx) == 0
