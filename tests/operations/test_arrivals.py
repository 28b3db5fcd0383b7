"""New deliveries come by themselves where they are few of a webhook; else their webhook is told."""

from reseller_webhooks.clock import SECOND, now
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.operations import delivery_queue
from reseller_webhooks.operations.delivery_queue import INCLUDED_BY_WEBHOOK_MAX, INCLUDED_MAX, NAMED
from reseller_webhooks.store.db.database import Database
from tests.store.factories import event, made, reseller, told, webhook

EVERY = range(PARTS)


def several(database: Database, *, webhooks: int, events: int) -> list[int]:
    """Webhooks that all hear of the same events; their numbers."""
    with database.write() as tx:
        owner = reseller(tx)
        urls = [f"https://receiver.example/{number}" for number in range(webhooks)]
        hooks = [webhook(tx, reseller_id=owner, url=url).id for url in urls]
        told(tx, *(event(reseller_id=owner, version=v + 1) for v in range(events)))
    return hooks


def test_a_few_come_with_what_they_tell(database: Database) -> None:
    hooks = several(database, webhooks=3, events=2)
    first = delivery_queue.new_deliveries(database, 0, parts=EVERY)
    second = delivery_queue.new_deliveries(database, first.upto, parts=EVERY)

    assert sorted(one.delivery.webhook_id for one in first.due) == sorted(hooks * 2)
    assert all(one.body and len(one.event) == 36 for one in first.due)
    assert (first.dirty, first.more) == ([], False)
    assert (second.due, second.upto) == ([], first.upto)


def test_those_of_other_partitions_stay_away(database: Database) -> None:
    several(database, webhooks=1, events=1)

    assert delivery_queue.new_deliveries(database, 0, parts=()).due == []


def test_of_one_webhook_only_so_many_come_and_it_is_told_of_the_others(database: Database) -> None:
    (hook,) = several(database, webhooks=1, events=INCLUDED_BY_WEBHOOK_MAX + 1)
    found = delivery_queue.new_deliveries(database, 0, parts=EVERY)

    assert len(found.due) == INCLUDED_BY_WEBHOOK_MAX
    assert found.dirty == [hook]


def test_many_of_many_webhooks_come_in_portions(database: Database) -> None:
    hooks = several(database, webhooks=INCLUDED_MAX // 4, events=5)
    first = delivery_queue.new_deliveries(database, 0, parts=EVERY)
    second = delivery_queue.new_deliveries(database, first.upto, parts=EVERY)

    assert (len(first.due), first.more) == (INCLUDED_MAX, True)
    assert (len(second.due), second.more) == (len(hooks) * 5 - INCLUDED_MAX, False)


def test_webhooks_with_many_are_told_and_nothing_comes(database: Database) -> None:
    (hook,) = several(database, webhooks=1, events=INCLUDED_MAX)
    found = delivery_queue.new_deliveries(database, 0, parts=EVERY)

    assert (found.due, found.dirty, found.more) == ([], [hook], False)


def test_whoever_asks_late_is_only_told(database: Database) -> None:
    (hook,) = several(database, webhooks=1, events=1)
    found = delivery_queue.new_deliveries(database, 0, parts=EVERY, include_due=False)

    assert (found.due, found.dirty) == ([], [hook])


def test_what_is_due_is_named_up_to_a_number(database: Database) -> None:
    (hook,) = several(database, webhooks=1, events=3)
    numbers = [
        one.delivery.id for one in delivery_queue.new_deliveries(database, 0, parts=EVERY).due
    ]
    found = delivery_queue.due_late_commits(database, Horizon(numbers[0]), numbers[1])

    assert found.due == [(hook, numbers[1])]
    assert (found.above, found.upto, found.more) == (numbers[0], numbers[1], False)
    assert found.horizon == Horizon(numbers[1])


def test_what_waits_for_its_next_attempt_is_not_named(database: Database) -> None:
    several(database, webhooks=1, events=2)
    first, second = delivery_queue.new_deliveries(database, 0, parts=EVERY).due
    later = now() + SECOND * 60
    delivery_queue.write_results(
        database, [made(second.delivery, State.PENDING, next_at=later)], {}
    )

    assert (
        delivery_queue.due_late_commits(
            database, Horizon(first.delivery.id), second.delivery.id
        ).due
        == []
    )


def test_of_more_than_can_be_named_at_once_the_lowest_are(database: Database) -> None:
    several(database, webhooks=2, events=NAMED // 2 + 2)
    first = delivery_queue.due_late_commits(database, Horizon(1), 2 * NAMED)
    rest = delivery_queue.due_late_commits(database, Horizon(first.upto), 2 * NAMED)

    assert (len(first.due), first.more, first.upto) == (NAMED, True, first.due[-1][1])
    assert (len(rest.due), rest.more) == (3, False)
    assert first.upto < min(number for _, number in rest.due)


def test_from_the_first_number_on_nothing_is_named_but_every_webhook_looked_at(
    database: Database,
) -> None:
    several(database, webhooks=1, events=1)
    found = delivery_queue.due_late_commits(database, Horizon(), 1)

    assert (found.due, found.above, found.horizon) == ([], 0, Horizon(1))
