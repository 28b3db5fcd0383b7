"""A clock that jumps ahead deletes nothing at once, and one that was wrong leaves no deadlines."""

import pytest
from sqlalchemy import insert, select

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.access import login_failures
from reseller_webhooks.store.cluster import maintenance_clock
from reseller_webhooks.store.db import day_partitions
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deadlines
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import guess, idempotency
from testkit.transactions import at_time
from tests.store.factories import event, reseller

HOUR = 3600 * SECOND
MINUTE = 60 * SECOND


def at(tx: Tx, ahead: Micros) -> Tx:
    return at_time(tx, tx.now + ahead)


def test_the_first_run_holds_nothing(database: Database) -> None:
    with database.write() as tx:
        assert maintenance_clock.note(tx) == 0
        assert not maintenance_clock.is_held(tx)


def test_runs_a_minute_apart_hold_nothing(database: Database) -> None:
    with database.write() as tx:
        gaps = [maintenance_clock.note(at(tx, minute * MINUTE)) for minute in range(100)]

        assert set(gaps) == {0}


def test_after_a_jump_of_a_month_nothing_is_deleted_for_a_day(database: Database) -> None:
    with database.write() as tx:
        maintenance_clock.note(tx)
        month = at(tx, 30 * DAY)
        gap = maintenance_clock.note(month)
        again = maintenance_clock.note(at(month, MINUTE))

        assert (gap, again) == (30 * DAY, 0)
        assert maintenance_clock.is_held(at(month, DAY - MINUTE))
        assert not maintenance_clock.is_held(at(month, DAY + MINUTE))


def test_a_date_that_is_put_right_ends_the_hold(database: Database) -> None:
    with database.write() as tx:
        maintenance_clock.note(tx)
        maintenance_clock.note(at(tx, 30 * DAY))
        maintenance_clock.note(at(tx, HOUR))

        assert not maintenance_clock.is_held(at(tx, HOUR))


def test_a_machine_that_is_off_each_night_deletes_by_day(database: Database) -> None:
    with database.write() as tx:
        maintenance_clock.note(tx)
        morning = at(tx, 12 * HOUR)
        maintenance_clock.note(morning)

        assert maintenance_clock.is_held(at(morning, 2 * HOUR))
        assert not maintenance_clock.is_held(at(morning, 4 * HOUR))


def test_a_jump_ahead_keeps_the_log(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        # As after a jump of 100 days: the event is older than its retention, and so is the note.
        numbers = events.add(tx, [event(reseller_id=owner, changed_at=tx.now - 100 * DAY)])
        maintenance_clock.note(at(tx, -100 * DAY))
    maintenance.check_clock(database)
    dropped = maintenance.drop_events(database, retention_days=90)
    turned = maintenance.turn_day(database)

    assert (dropped, turned) == (0, 0)
    with database.read() as tx:
        assert list(events.bodies(tx, numbers)) == numbers


LONGEST = maintenance.LONGEST


def test_a_lockout_from_a_wrong_date_lasts_no_longer_than_any(database: Database) -> None:
    with database.write() as tx:
        login_failures.count(at(tx, DAY), "key", fresh=0)
        login_failures.wait(tx, "key", tx.now + DAY)
        deadlines.pull_back(tx, LONGEST)

        assert login_failures.waits_until(tx, "key") == tx.now + LONGEST.lockout
        assert tx.connection.execute(select(guess.c.at)).scalar_one() == tx.now


def test_deadlines_that_can_be_are_left_alone(database: Database) -> None:
    with database.write() as tx:
        login_failures.count(tx, "key", fresh=0)
        login_failures.wait(tx, "key", tx.now + 15 * SECOND)
        deadlines.pull_back(tx, LONGEST)

        assert login_failures.waits_until(tx, "key") == tx.now + 15 * SECOND


def test_an_idempotency_key_of_a_wrong_date_is_forgotten_in_time(database: Database) -> None:
    with database.write() as tx:
        row = {"key": "k", "fingerprint": "f", "answer": "{}", "at": tx.now + 30 * DAY}
        tx.connection.execute(insert(idempotency).values(row))
        deadlines.pull_back(tx, LONGEST)

        assert tx.connection.execute(select(idempotency.c.at)).scalar_one() == tx.now


@pytest.fixture
def was_ahead(on_postgres: Database) -> Database:
    """PostgreSQL whose clock was 30 days ahead for a while, and runs of maintenance then."""
    with on_postgres.write() as tx:
        reseller(tx)
        for now in (tx, at(tx, 30 * DAY), tx):
            day_partitions.make(now)
            day_partitions.turn(now)
    return on_postgres


def test_after_a_wrong_date_no_partition_is_made_and_dropped_again(was_ahead: Database) -> None:
    with was_ahead.write() as tx:
        made = [day_partitions.make(at(tx, minute * MINUTE)) for minute in range(3)]
        dropped = [
            day_partitions.drop(at(tx, minute * MINUTE), tx.now - 90 * DAY) for minute in range(3)
        ]

        assert (made, dropped) == ([0, 0, 0], [0, 0, 0])


def test_after_a_wrong_date_inserts_have_a_place_each_day(was_ahead: Database) -> None:
    with was_ahead.write() as tx:
        owner = 1
        for day in range(45):
            today = at(tx, day * DAY)
            day_partitions.make(today)
            day_partitions.turn(today)
            events.add(today, [event(reseller_id=owner, changed_at=today.now, version=day + 1)])

            assert day_partitions.lacks(today, today.now + DAY) == []


def test_days_of_a_wrong_date_are_dropped_once_they_are_past(was_ahead: Database) -> None:
    with was_ahead.write() as tx:
        kept = day_partitions.drop(at(tx, HOUR), tx.now - DAY)
        for day in range(31, 40):
            day_partitions.make(at(tx, day * DAY))
            day_partitions.turn(at(tx, day * DAY))
        later = at(tx, 150 * DAY)
        dropped = sum(iter(lambda: day_partitions.drop(later, later.now - 90 * DAY), 0))

        assert kept == 0
        assert dropped > 0
