"""How webhooks fare, on both databases: what waits, what came last, what came of each hour."""

import pytest
from sqlalchemy import insert, update

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.delivery_stats import (
    HOUR,
    CircuitChange,
    LastAttempt,
    WebhookStats,
)
from reseller_webhooks.core.messages import plain
from reseller_webhooks.operations import health
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import delivery_stats, results
from reseller_webhooks.store.tables import attempt, circuit_change
from tests.store.factories import due, event, made, reseller, told, webhook

FIRST, SECOND = 100 * HOUR, 101 * HOUR


def ends(tx: Tx, webhook_id: int, state: State, *, at: int | None = None) -> None:
    """Tell a change, and end what became of it; at: when it was made."""
    told(tx, event())
    (one,) = due(tx, webhook_id)
    results.finish(tx, [made(one, state)])
    if at is not None:
        newest = attempt.c.delivery_id == one.id
        tx.connection.execute(update(attempt).where(newest).values(created_at=at))


def test_deliveries_are_counted_by_the_hour_they_were_made_in(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        row = webhook(tx, reseller_id=owner)
        ends(tx, row.id, State.DELIVERED, at=FIRST - 1)
        ends(tx, row.id, State.DELIVERED, at=FIRST)
        ends(tx, row.id, State.FAILED, at=SECOND - 1)
        ends(tx, row.id, State.SUPERSEDED, at=SECOND)
        ends(tx, row.id, State.DELIVERED, at=SECOND + HOUR - 1)
        ends(tx, row.id, State.FAILED, at=SECOND + HOUR)
        got = delivery_stats.hour_counts(tx, [row.id], since=FIRST, hours=2)

    assert got[row.id] == delivery_stats.HourCount(delivered=[1, 1], failed=[1, 0])


def test_a_webhook_without_deliveries_has_a_standing(database: Database) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))

        assert delivery_stats.webhook_stats(tx, [row.id]) == {row.id: WebhookStats()}


def test_what_was_refused_waits_with_its_attempt_and_its_next_time(database: Database) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        told(tx, event(), event())
        first, second = due(tx, row.id)
        later = tx.now + HOUR
        results.finish(tx, [made(first, State.PENDING, next_at=later)])
        results.finish(tx, [made(second, State.PENDING, next_at=later + 1)])
        got = delivery_stats.webhook_stats(tx, [row.id])[row.id]

    assert (got.waiting, got.next_at) == (2, later)
    assert got.refused == LastAttempt(1_000, 503, None, plain("answered 503"))
    assert got.refused_at == 1_000


@pytest.mark.parametrize(("refused_at", "is_back"), [(2_000, False), (500, True)])
def test_a_receiver_is_back_when_it_accepted_one_since_any_that_waits_was_refused(
    database: Database, refused_at: int, is_back: bool
) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        told(tx, event(), event(), event())
        first, second, third = due(tx, row.id)
        later = tx.now + HOUR
        results.finish(tx, [made(first, State.PENDING, next_at=later)._replace(at=400)])
        one = made(second, State.PENDING, next_at=later + 1)
        results.finish(tx, [one._replace(at=refused_at)])
        results.finish(tx, [made(third, State.DELIVERED)])
        got = delivery_stats.webhook_stats(tx, [row.id])[row.id]

    assert (got.refused_at, got.delivered_at, got.is_back) == (refused_at, 1_000, is_back)


@pytest.mark.parametrize("last", [State.FAILED, State.CANCELLED, State.SUPERSEDED])
def test_the_last_that_was_delivered_is_found_behind_others(
    database: Database, last: State
) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        ends(tx, row.id, State.DELIVERED)
        ends(tx, row.id, last)
        got = delivery_stats.webhook_stats(tx, [row.id])[row.id]

    assert got.delivered_at == 1_000
    assert (got.failed is not None) == (last is State.FAILED)


def test_a_circuits_changes_come_newest_first(database: Database) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        for at, is_open, reason in ((1, True, "answered 503"), (2, False, ""), (3, True, "down")):
            columns = {"webhook_id": row.id, "at": at, "is_open": is_open, "reason": reason}
            tx.connection.execute(insert(circuit_change).values(columns))
        got = delivery_stats.circuit_changes(tx, row.id, limit=2)

    assert got == [CircuitChange(3, True, plain("down")), CircuitChange(2, False)]


def test_of_a_circuit_that_opens_and_closes_all_day_few_changes_of_each_hour_are_read(
    database: Database,
) -> None:
    with database.write() as tx:
        row = webhook(tx, reseller_id=reseller(tx))
        since = tx.now // HOUR * HOUR - 23 * HOUR
        first, last = since + 5 * HOUR, since + 8 * HOUR
        rows = [
            {"webhook_id": row.id, "at": at, "is_open": n % 2 == 0, "reason": ""}
            for n, at in enumerate(range(first, last, HOUR // 10))
        ]
        # Open until the end of the eighth hour.
        rows[-1:] = [rows[-1] | {"is_open": True}, rows[-1] | {"at": last + HOUR, "is_open": False}]
        tx.connection.execute(insert(circuit_change), rows)
        read = delivery_stats.circuit_changes_since(tx, [row.id], since)[row.id]
    course = health.courses(database, [row])[row.id]

    assert [one.at for one in read] == [
        *(
            at
            for hour in (5, 6, 7)
            for at in (since + hour * HOUR, since + hour * HOUR + 9 * (HOUR // 10))
        ),
        last + HOUR,
    ]
    assert [hour for hour, failing in enumerate(course.failing) if failing] == [5, 6, 7, 8]
