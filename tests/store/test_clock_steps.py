"""The database's clock is stepped: nothing waits longer than its own wait, on both databases."""

import pytest
from sqlalchemy import select, update

from reseller_webhooks.clock import DAY, SECOND, Micros
from reseller_webhooks.core.deliveries.delivery import State, Transition
from reseller_webhooks.operations.leases import LEASES_AHEAD, Worker, heartbeat, live_workers
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import clock_steps, results
from reseller_webhooks.store.tables import delivery, lease, member
from testkit.transactions import at_time
from tests.store.factories import due, event, made, reseller, told, webhook

HOUR = 3600 * SECOND
WAIT = 300 * SECOND
TTL_S = 15.0
TTL = int(TTL_S * SECOND)


def stepped(tx: Tx, by: Micros) -> Tx:
    """The transaction, had the database's clock been set by so much."""
    return at_time(tx, tx.now + by)


def scheduled(tx: Tx, at: Micros) -> int:
    """A delivery that failed at an instant and waits from then on; its id."""
    (number,) = new(tx, at)
    (one,) = due(at_time(tx, at), WEBHOOK)
    step = Transition(State.PENDING, at + WAIT, at)
    results.finish(at_time(tx, at), [made(one, State.PENDING)._replace(step=step)])
    return number


WEBHOOK = 1


def new(tx: Tx, at: Micros) -> list[int]:
    """A delivery that nobody has tried, made at an instant."""
    there = at_time(tx, at)
    owner = reseller(there)
    webhook(there, reseller_id=owner, url=f"https://{at}.example/")
    told(there, event(reseller_id=owner))
    return list(tx.connection.execute(select(delivery.c.id)).scalars())


def next_at(tx: Tx, number: int) -> Micros:
    statement = select(delivery.c.next_at).where(delivery.c.id == number)
    return tx.connection.execute(statement).scalar_one()


def pull_back(tx: Tx, *parts: int) -> list[int]:
    return clock_steps.pull_back(tx, parts or (0,), limit=100)


@pytest.mark.parametrize("by", [3 * HOUR, 30 * DAY])
def test_a_retry_from_before_a_step_back_waits_once_more(database: Database, by: Micros) -> None:
    with database.write() as tx:
        number = scheduled(tx, tx.now + by)
        found = clock_steps.are_any(tx), pull_back(tx), next_at(tx, number)

        assert found == (True, [WEBHOOK], tx.now + WAIT)


def test_what_was_pulled_back_is_left_alone_from_then_on(database: Database) -> None:
    with database.write() as tx:
        number = scheduled(tx, tx.now + HOUR)
        pull_back(tx)
        later = stepped(tx, 60 * SECOND)

        assert not clock_steps.are_any(later)
        assert (pull_back(later), next_at(tx, number)) == ([], tx.now + WAIT)


def test_a_retry_that_waits_in_order_is_left_alone(database: Database) -> None:
    with database.write() as tx:
        number = scheduled(tx, tx.now - WAIT // 2)

        assert not clock_steps.are_any(tx)
        assert (pull_back(tx), next_at(tx, number)) == ([], tx.now + WAIT // 2)


def test_a_new_delivery_with_a_future_date_is_due_at_once(database: Database) -> None:
    with database.write() as tx:
        (number,) = new(tx, tx.now + 30 * DAY)
        before = due(tx, WEBHOOK)
        found = clock_steps.are_any(tx), pull_back(tx)

        assert (before, found) == ([], (True, [WEBHOOK]))
        assert [one.id for one in due(tx, WEBHOOK)] == [number]


def test_deliveries_of_others_partitions_are_left_to_them(database: Database) -> None:
    with database.write() as tx:
        scheduled(tx, tx.now + HOUR)

        assert pull_back(tx, 1, 2, 3) == []


def test_a_result_from_before_a_step_back_is_written_with_its_wait(database: Database) -> None:
    with database.write() as tx:
        (number,) = new(tx, tx.now)
        (one,) = due(tx, WEBHOOK)
        late = tx.now + 2 * HOUR
        step = Transition(State.PENDING, late + WAIT, late)
        results.finish(tx, [made(one, State.PENDING)._replace(step=step)])

        assert next_at(tx, number) == tx.now + WAIT
        assert not clock_steps.are_any(tx)


def test_a_row_that_the_version_before_has_stepped_keeps_its_time(database: Database) -> None:
    with database.write() as tx:
        number = scheduled(tx, tx.now - 5 * WAIT)
        by_the_old_version = {"next_at": tx.now + WAIT, "attempts": 2}
        tx.connection.execute(update(delivery).values(by_the_old_version))

        assert (pull_back(tx), next_at(tx, number)) == ([], tx.now + WAIT)


def worker(name: str) -> Worker:
    return Worker(name, f"{name}.example", "1", TTL_S)


def leave_until(database: Database, name: str, ahead: Micros) -> None:
    """A worker that died when the database's clock was ahead by so much."""
    with database.write() as tx:
        until = tx.now + ahead
        leases.renew(tx, name, until=until)
        leases.register(tx, name, host="", version="", until=until)


def test_a_worker_that_died_before_a_step_back_lapses_in_a_lease(database: Database) -> None:
    heartbeat(database, worker("dead"))
    leave_until(database, "dead", 2 * HOUR)
    heartbeat(database, worker("b"))
    with database.read() as tx:
        longest = tx.connection.execute(select(lease.c.until)).scalars().all()
        members = tx.connection.execute(select(member.c.until)).scalars().all()

        assert max(longest) <= tx.now + TTL
        assert max(members) <= tx.now + TTL


def test_a_lease_that_is_longer_than_ours_but_not_absurd_is_left_alone(
    database: Database,
) -> None:
    heartbeat(database, worker("longer"))
    leave_until(database, "longer", (LEASES_AHEAD - 1) * TTL)
    heartbeat(database, worker("b"))
    with database.read() as tx:
        until = tx.connection.execute(select(member.c.until).where(member.c.id == "longer"))

        assert until.scalar_one() > tx.now + TTL
    assert live_workers(database) == {"longer", "b"}


def test_no_lapsed_lease_is_taken_when_the_clock_is_later_than_it_can_be(
    database: Database,
) -> None:
    heartbeat(database, worker("a"))
    leave_until(database, "a", -SECOND)
    with database.read() as tx:
        now = tx.now
    jumped = heartbeat(database, worker("b"), latest=now - HOUR)
    in_time = heartbeat(database, worker("b"), latest=now + HOUR)

    assert (len(jumped.taken), len(in_time.taken)) == (0, 256)
