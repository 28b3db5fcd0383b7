"""What attempts come to, a batch at a time, and the notifications they were made with."""

import pytest

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries, log, results
from reseller_webhooks.store.records import events
from tests.store.factories import due, event, made, reseller, told, webhook


@pytest.mark.parametrize("count", [1, 2, 3, 500, 501])
def test_of_a_batch_each_is_closed_once_but_what_was_closed_before(
    database: Database, count: int
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, resource_uuid=f"c{n}") for n in range(count)))
        sent = due(tx, one.id, limit=1000)
        deliveries.cancel(tx, one.id, limit=count // 2)
        results.finish(tx, [made(each, State.DELIVERED) for each in sent])

        lines = log.page(tx, LogQuery(owner, limit=1000))
        tried = [log.attempts(tx, each.id)[-1] for each in sent]
        left = due(tx, one.id)

    states = [line.state for line in lines]
    assert (states.count(State.CANCELLED), len(states)) == (count // 2, count)
    assert [each.outcome for each in tried] == ["ACCEPTED"] * count
    assert left == []


def test_some_wait_and_some_end_in_the_same_batch(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        one = webhook(tx, reseller_id=owner)
        told(tx, *(event(reseller_id=owner, resource_uuid=f"c{n}") for n in range(3)))
        first, second, third = due(tx, one.id)
        batch = [
            made(first, State.DELIVERED),
            made(second, State.PENDING, number=4, next_at=tx.now - 1),
            made(third, State.FAILED),
        ]
        results.finish(tx, batch)
        (waits,) = due(tx, one.id)
        lines = log.page(tx, LogQuery(owner))

    assert (waits.id, waits.attempts) == (second.id, 4)
    assert {line.delivery_id: line.state for line in lines} == {
        first.id: State.DELIVERED,
        second.id: State.PENDING,
        third.id: State.FAILED,
    }


@pytest.mark.parametrize("count", [1, 5, 501])
def test_bodies_come_back_exactly_as_they_were_written(database: Database, count: int) -> None:
    texts = ['{"a":"ä 😀 \\u001e \\n"}', '{ "spread" :\n\t[ 1 ,\r\n 2 ] }', "{}", '" "', "0"]
    with database.write() as tx:
        owner = reseller(tx)
        some = [event(reseller_id=owner, body=texts[n % len(texts)]) for n in range(count)]
        numbers = events.add(tx, some)
        found = events.bodies(tx, [*numbers, 10**9])

    assert found == {
        number: (one.uuid, one.body.encode()) for number, one in zip(numbers, some, strict=True)
    }


def test_of_what_is_not_there_nothing_comes_back(database: Database) -> None:
    with database.read() as tx:
        assert events.bodies(tx, [10**9]) == {}
