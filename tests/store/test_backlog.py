"""What the metrics and the Health page say of deliveries that wait, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event as hooks

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.operations import delivery_queue
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries.backlog import (
    FIRST_COUNT,
    WEBHOOKS_PER_STATEMENT,
    Backlog,
    backlog,
)
from tests.store.factories import due, event, made, reseller, told, webhook


@pytest.fixture
def owner(database: Database) -> int:
    with database.write() as tx:
        return reseller(tx)


def change(tx: Tx, hook: int, **columns: Any) -> None:
    values = ", ".join(f"{name} = {value!r}" for name, value in columns.items())
    tx.connection.exec_driver_sql(f"UPDATE webhook SET {values} WHERE id = {hook}")


def wait_until(tx: Tx, hook: int, at: int, *, version: int) -> None:
    tx.connection.exec_driver_sql(
        f"UPDATE delivery SET next_at = {at} WHERE webhook_id = {hook} AND version = {version}"
    )


def fill(tx: Tx, hook: int, owner: int, count: int) -> None:
    """Many due deliveries, past the events that they would be of."""
    names = "event_id, webhook_id, reseller_id, part, resource, action, resource_uuid, version"
    numbers = (
        f"(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {count}) "
        "SELECT n FROM g) AS numbers"
    )
    tx.connection.exec_driver_sql(
        f"INSERT INTO delivery ({names}, attempts, created_at, next_at) "
        f"SELECT n, {hook}, {owner}, 0, 'COMPANY', 'CHANGED', 'c1', n, 0, 1, 1 FROM {numbers}"
    )


def found(database: Database, **given: Any) -> Backlog:
    with database.read() as tx:
        return backlog(tx, **given)


def test_nothing_is_due_in_an_empty_store(database: Database) -> None:
    assert found(database) == Backlog(0, 0, None)


def test_due_deliveries_are_counted_and_the_oldest_is_named(database: Database, owner: int) -> None:
    with database.write() as tx:
        webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, version=v, changed_at=v) for v in (1, 2, 3)))
        number = webhook(tx, reseller_id=owner, url="https://other.example/", resource="LEAD").id
        told(tx, event(reseller_id=owner, resource=Resource.LEAD))
        wait_until(tx, number, 7, version=1)
    backlog = found(database)

    assert (backlog.due, backlog.pending) == (4, 4)
    assert backlog.oldest is not None
    assert (backlog.oldest.due_at, backlog.oldest.url) == (7, "https://other.example/")
    assert backlog.oldest.reseller == "Northwind"


@pytest.mark.parametrize(
    "columns", [{"state": "PAUSED"}, {"circuit": "OPEN"}, {"deleted_at": 1}], ids=str
)
def test_deliveries_of_a_webhook_that_is_not_sent_to_are_pending_but_not_due(
    database: Database, owner: int, columns: dict[str, Any]
) -> None:
    with database.write() as tx:
        number = webhook(tx, reseller_id=owner).id
        told(tx, event(reseller_id=owner))
        change(tx, number, **columns)

    assert found(database) == Backlog(0, 1, None)


def test_what_waits_for_a_later_time_is_pending_but_not_due(database: Database, owner: int) -> None:
    with database.write() as tx:
        number = webhook(tx, reseller_id=owner).id
        told(tx, event(reseller_id=owner))
        (one,) = due(tx, number)
        later = tx.now + 60_000_000
    delivery_queue.write_results(database, [made(one, State.PENDING, next_at=later)], {})

    assert found(database) == Backlog(0, 1, None)


def test_the_oldest_of_an_ordered_webhook_does_not_wait_behind_an_earlier_version(
    database: Database, owner: int
) -> None:
    with database.write() as tx:
        number = webhook(tx, reseller_id=owner, ordered=True).id
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2)))
        wait_until(tx, number, tx.now + 60_000_000, version=1)
        wait_until(tx, number, 5, version=2)
        told(tx, event(reseller_id=owner, resource_uuid="c2", version=3))
        wait_until(tx, number, 9, version=3)
    with_other_record = found(database)
    with database.write() as tx:
        wait_until(tx, number, tx.now + 60_000_000, version=3)
    alone = found(database)

    assert with_other_record.oldest is not None
    assert (with_other_record.due, with_other_record.oldest.due_at) == (2, 9)
    assert (alone.due, alone.oldest) == (1, None)


def test_many_webhooks_and_long_backlogs_are_counted_exactly_up_to_the_bound(
    database: Database, owner: int
) -> None:
    with database.write() as tx:
        hooks = [
            webhook(tx, reseller_id=owner, url=f"https://receiver.example/{n}").id
            for n in range(WEBHOOKS_PER_STATEMENT + 1)
        ]
        for number in hooks:
            fill(tx, number, owner, 2)
        for number in (hooks[0], hooks[-1]):
            fill(tx, number, owner, FIRST_COUNT + 5)
    total = 2 * len(hooks) + 2 * (FIRST_COUNT + 5)

    assert (found(database).due, found(database).pending) == (total, total)
    assert not found(database).is_capped
    for most in (1, FIRST_COUNT + 1, total - 1):
        assert found(database, counted_max=most).due == most
        assert found(database, counted_max=most).pending == most


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """The steps of every statement that runs meanwhile, as the database explains them."""
    steps: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"

    def record(_: Any, cursor: Any, statement: str, given: Any, *__: Any) -> None:
        if "delivery" in statement:
            cursor.execute(f"{explain} {statement}", given)
            steps.extend(str(row[-1]) for row in cursor.fetchall())

    hooks.listen(database.engine, "before_cursor_execute", record)
    yield steps
    hooks.remove(database.engine, "before_cursor_execute", record)


def test_deliveries_that_are_not_due_are_not_read_to_find_those_that_are(
    database: Database, owner: int
) -> None:
    with database.write() as tx:
        number = webhook(tx, reseller_id=owner, ordered=True).id
        fill(tx, number, owner, 20_000)
        tx.connection.exec_driver_sql("UPDATE delivery SET next_at = 9000000000000000")
        fill(tx, number, owner, 1)
        tx.connection.exec_driver_sql("ANALYZE delivery")
    with plans(database) as steps:
        assert found(database, counted_max=10).due == 1

    scans = [step.strip() for step in steps if "can" in step and "delivery" in step]
    whole = [step for step in scans if step.lower().startswith(("scan delivery", "seq scan"))]
    along = [step for step in steps if "delivery_webhook_id_next_at" in step]
    # Only the count of all that are pending, which ends at its bound, reads along the table.
    assert len(whole) <= 1
    assert len(along) >= 3
