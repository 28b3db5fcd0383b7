"""Days of events and attempts on PostgreSQL: made when they begin, dropped when they are past."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.db import day_partitions
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, giving_up, results
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import attempt, event
from testkit.transactions import at_time
from tests.store.factories import due, made, reseller, told, webhook
from tests.store.factories import event as new_event


def on_day(tx: Tx, number: int) -> Tx:
    """The same transaction, so many days later."""
    return at_time(tx, tx.now + number * DAY)


def turn(tx: Tx) -> int:
    """Both steps in one transaction: here nobody else writes."""
    day_partitions.make(tx)
    return day_partitions.turn(tx)


def drop_all(tx: Tx, before: Micros) -> int:
    """How many days of tables; here in one transaction, since nobody reads meanwhile."""
    return sum(iter(lambda: day_partitions.drop(tx, before), 0))


def tell(tx: Tx, at: Micros) -> int:
    (number,) = told(tx, new_event(reseller_id=1, changed_at=at))
    return number


def partition_of(tx: Tx, number: int) -> str:
    statement = text("SELECT CAST(tableoid AS regclass) FROM event WHERE id = :id")
    return str(tx.connection.execute(statement, {"id": number}).scalar_one())


def test_what_is_written_before_any_turn_has_a_place(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)

        assert partition_of(tx, tell(tx, tx.now)) == "event_before"


def test_after_a_turn_ids_begin_with_the_day(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
        turned = turn(tx)
        number = tell(tx, tx.now)

        assert turned == 2
        assert number >> day_partitions.DAY_BITS == tx.now // DAY
        assert partition_of(tx, number) == f"event_{tx.now // DAY}"


def test_a_day_turns_once(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        turn(tx)

        assert turn(tx) == 0


def test_who_was_away_for_a_month_turns_to_today(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
        turn(tx)
        old = tell(tx, tx.now)
        later = on_day(tx, 30)
        late = tell(later, later.now)
        turn(later)
        new = tell(later, later.now)

        assert partition_of(tx, late) == partition_of(tx, old)
        assert partition_of(tx, new) == f"event_{later.now // DAY}"


def test_workers_that_turn_at_once_do_it_once(on_postgres: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        turned = list(threads.map(maintenance.turn_day, [on_postgres] * 4))

    assert sorted(turned) == [0, 0, 0, 2]


def test_a_day_is_dropped_once_all_of_it_is_old(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        owner = reseller(tx)
        turn(tx)
        hook = webhook(tx, reseller_id=owner)
        tell(tx, tx.now)
        (one,) = due(tx, hook.id)
        results.finish(tx, [made(one, State.DELIVERED)._replace(at=tx.now)])
        later = on_day(tx, 1)
        turn(later)
        kept = drop_all(later, tx.now - 1)  # attempts and events of before any turn: none
        new = tell(later, later.now)
        dropped = drop_all(later, later.now)

        assert (kept, dropped) == (2, 2)
        assert tx.connection.execute(select(event.c.id)).scalars().all() == [new]
        assert tx.connection.execute(select(func.count()).select_from(attempt)).scalar() == 0


def test_a_day_with_an_event_on_its_way_stays(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        owner = reseller(tx)
        turn(tx)
        hook = webhook(tx, reseller_id=owner)
        number = tell(tx, tx.now)
        later = on_day(tx, 100)
        turn(later)
        drop_all(later, later.now)
        (one,) = due(tx, hook.id)

        assert one.event_id == number
        assert events.bodies(tx, [number])


@pytest.mark.parametrize("state", ["PAUSED", "ACTIVE"])
def test_a_day_goes_once_what_waited_on_it_was_given_up_for_its_age(
    on_postgres: Database, state: str
) -> None:
    with on_postgres.write() as tx:
        owner = reseller(tx)
        turn(tx)
        hook = webhook(tx, reseller_id=owner, state=state, mode="LATEST_STATE")
        number = tell(tx, tx.now)
        later = on_day(tx, 92)
        turn(later)
        before = drop_all(later, later.now - 90 * DAY)
        giving_up.expired(later, before=later.now - 90 * DAY, limit=9)
        after = drop_all(later, later.now - 90 * DAY)
        left = tx.connection.execute(select(event.c.id)).scalars().all()
        lines = tx.connection.execute(select(attempt.c.webhook_id, attempt.c.reason)).all()

        assert number not in left
        assert lines == [(hook.id, "EXPIRED")]
        assert (before > 0, after) == (True, 1)


def test_a_day_stays_when_one_of_its_events_is_sent_again_at_that_moment(
    on_postgres: Database,
) -> None:
    with on_postgres.write() as tx:
        owner = reseller(tx)
        turn(tx)
        webhook(tx, reseller_id=owner)
        number = tell(tx, tx.now)
        results.finish(tx, [made(one, State.DELIVERED) for one in everything(tx)])
        turn(on_day(tx, 100))
    with ThreadPoolExecutor(1) as threads, on_postgres.write() as again:
        events.bodies(again, [number])
        events.fan_out(again, [number])
        dropping = threads.submit(drop_later, on_postgres)
        while not waits_for_a_lock(again):
            assert not dropping.done(), "it did not wait"
        again.connection.commit()
        dropping.result()

    with on_postgres.read() as tx:
        assert events.bodies(tx, [number])


def everything(tx: Tx) -> list[Delivery]:
    return [one for _, one in deliveries.above(tx, 0, limit=100)]


def drop_later(database: Database) -> int:
    with database.write() as tx:
        return drop_all(on_day(tx, 100), tx.now + 99 * DAY)


def waits_for_a_lock(tx: Tx) -> bool:
    statement = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    return bool(tx.connection.execute(statement).scalar())


def test_the_day_of_now_stays_whatever_its_rows_say(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        turn(tx)
        drop_all(tx, tx.now + DAY)

        assert partition_of(on_day(tx, 0), tell_somebody(tx)) == f"event_{tx.now // DAY}"


def test_an_id_leads_to_one_partition(on_postgres: Database) -> None:
    with on_postgres.write() as tx:
        reseller(tx)
        for number in range(5):
            turn(on_day(tx, number))
        number = tell(tx, tx.now)
        plan = tx.connection.execute(text(f"EXPLAIN SELECT body FROM event WHERE id = {number}"))

        assert len([line for (line,) in plan if "event_" in line and "Scan" in line]) == 1


def tell_somebody(tx: Tx) -> int:
    reseller(tx)
    return tell(tx, tx.now)
