"""What is past its time goes, and what is still on its way stays. Days: test_day_partitions.py."""

from sqlalchemy import func, select

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.operations import generations
from reseller_webhooks.store.cluster import retention
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import results
from reseller_webhooks.store.records import idempotency
from reseller_webhooks.store.records.idempotency import StoredAnswer
from reseller_webhooks.store.tables import attempt, event
from tests.store.factories import due, made, reseller, told, webhook
from tests.store.factories import event as new_event


def _left(tx: Tx) -> tuple[int, int]:
    counts = (select(func.count()).select_from(table) for table in (event, attempt))
    events, attempts = (tx.connection.execute(one).scalar_one() for one in counts)
    return events, attempts


def _last_attempt(tx: Tx) -> int:
    return tx.connection.execute(select(func.max(attempt.c.id))).scalar_one()


def test_old_events_and_attempts_go_but_not_what_is_on_its_way(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(new_event(reseller_id=owner, version=v, changed_at=v) for v in (1, 2, 3)))
        first, second, _ = due(tx, one.id)
        results.finish(tx, [made(first, State.DELIVERED)])
        results.finish(tx, [made(second, State.PENDING, next_at=1)])

        dropped = retention.drop(tx, 3, limit=100)
        kept = _left(tx)
        waiting = len(due(tx, one.id))
        again = retention.drop(tx, 2_000, limit=100)

    assert (dropped, kept, waiting) == (1, (2, 2), 2)
    assert again == 1


def test_a_batch_takes_the_oldest_and_no_more_than_it_may(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        told(tx, *(new_event(reseller_id=owner, version=v, changed_at=v) for v in range(1, 8)))

        assert [retention.drop(tx, 100, limit=3) for _ in range(4)] == [3, 3, 0, 0]


def test_a_store_in_which_all_is_old_goes_on_with_higher_numbers(on_sqlite: Database) -> None:
    generations.notice(on_sqlite)
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(new_event(reseller_id=owner, version=v, changed_at=v) for v in (1, 2)))
        results.finish(tx, [made(each, State.DELIVERED) for each in due(tx, one.id)])
    noticed_before = generations.notice(on_sqlite)
    with on_sqlite.write() as tx:
        last = _last_attempt(tx)
        while retention.drop(tx, tx.now, limit=9):
            pass
    noticed_after = generations.notice(on_sqlite)
    with on_sqlite.write() as tx:
        (number,) = told(tx, new_event(reseller_id=owner, version=3))
        results.finish(tx, [made(each, State.DELIVERED) for each in due(tx, one.id)])

        assert (noticed_before, noticed_after) == (None, None)
        assert (number, _last_attempt(tx)) == (3, last + 1)


def test_answers_to_idempotency_keys_are_forgotten_in_time(database: Database) -> None:
    with database.write() as tx:
        idempotency.keep(tx, [("k", StoredAnswer("f", "[]"))])
        kept = idempotency.forget(tx, tx.now, limit=10)
        gone = idempotency.forget(tx, tx.now + 1, limit=10)

        assert (kept, gone, idempotency.ask(tx, ["k"])()) == (0, 1, {})
