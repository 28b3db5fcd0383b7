"""A delivery is closed once, by its result or without one, whoever comes first."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from reseller_webhooks.core.deliveries.delivery import State, Trigger
from reseller_webhooks.core.messages.attempts import WEBHOOK_DELETED
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import closing, results
from reseller_webhooks.store.tables import attempt
from testkit.processes import wait_until
from tests.store.factories import due, made, reseller, told
from tests.store.factories import event as new_event
from tests.store.factories import webhook as new_webhook


def _delivery(database: Database) -> tuple[int, int]:
    """A webhook with one delivery that is due; the ids of both."""
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner)
        told(tx, new_event(reseller_id=owner))
        return hook.id, due(tx, hook.id)[0].id


def _close(database: Database, number: int, *, waits: bool) -> int:
    with database.write() as tx:
        return closing.close(tx, [number], Trigger.CANCEL, WEBHOOK_DELETED, waits=waits)


def _states(database: Database) -> list[str]:
    with database.read() as tx:
        closed = select(attempt.c.state).where(attempt.c.state.is_not(None))
        return list(tx.connection.execute(closed).scalars())


def _is_blocked(database: Database) -> bool:
    with database.read() as tx:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(tx.connection.execute(waiting).scalar_one())


@pytest.mark.parametrize("waits", [True, False])
def test_a_delivery_whose_result_is_just_being_written_is_closed_by_the_result_alone(
    on_postgres: Database, waits: bool
) -> None:
    database = on_postgres
    hook, number = _delivery(database)
    with ThreadPoolExecutor(1) as thread:
        with database.write() as tx:
            results.finish(tx, [made(due(tx, hook)[0], State.DELIVERED)])
            closed: Future[int] = thread.submit(_close, database, number, waits=waits)
            wait_until(lambda: closed.done() or _is_blocked(database), "it was closed, or waits")

        assert closed.result() == 0
    assert _states(database) == [State.DELIVERED.value]


def test_a_result_that_comes_after_a_delivery_was_closed_does_not_close_it_again(
    database: Database,
) -> None:
    hook, number = _delivery(database)
    with database.read() as tx:
        result = made(due(tx, hook)[0], State.DELIVERED)
    assert _close(database, number, waits=True) == 1

    with database.write() as tx:
        results.finish(tx, [result])

    assert _states(database) == [State.CANCELLED.value]


@pytest.mark.parametrize(
    ("trigger", "state"),
    [
        (Trigger.CANCEL, State.CANCELLED),
        (Trigger.SUPERSEDE, State.SUPERSEDED),
        (Trigger.GIVE_UP, State.FAILED),
    ],
)
def test_a_delivery_is_closed_in_the_state_that_its_trigger_leads_to(
    database: Database, trigger: Trigger, state: State
) -> None:
    hook, number = _delivery(database)
    with database.write() as tx:
        closing.close(tx, [number], trigger, WEBHOOK_DELETED)
        pending = due(tx, hook)

    assert (pending, _states(database)) == ([], [state.value])
