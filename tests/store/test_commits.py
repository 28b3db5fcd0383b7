"""Who listens to commits hears what they wrote, once it is there for all."""

from collections.abc import Sequence, Set

import pytest

from reseller_webhooks.clock import monotonic_s
from reseller_webhooks.core.deliveries.notification import DueDelivery
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.records import events
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import due, event, reseller, told
from tests.store.factories import webhook as new_webhook


class Broken(Exception):
    """What made a transaction fail."""


class Listener:
    """Notes what each commit wrote, and how many webhooks another transaction sees by then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.heard: list[tuple[Set[CommitEffects], int]] = []
        database.commits.listen(self)

    def __call__(self, written: Set[CommitEffects]) -> None:
        with self._database.read() as tx:
            self.heard.append((written, len(webhooks.every(tx))))


def test_a_listener_hears_what_was_written_once_others_see_it(database: Database) -> None:
    listener = Listener(database)
    with database.write() as tx:
        owner = reseller(tx)
    with database.write() as tx:
        hook = new_webhook(tx, reseller_id=owner)
        before = list(listener.heard)
    with database.write() as tx:
        told(tx, event(reseller_id=owner))
    with database.write() as tx:
        webhooks.change(tx, hook.id, state=WebhookState.PAUSED.value)
        due(tx, hook.id)

    assert before == []
    assert listener.heard == [
        ({CommitEffects.WEBHOOKS}, 1),
        ({CommitEffects.EVENTS, CommitEffects.DELIVERIES}, 1),
        ({CommitEffects.WEBHOOKS}, 1),
    ]


def test_a_listener_hears_nothing_of_a_transaction_that_leaves_no_trace(database: Database) -> None:
    listener = Listener(database)

    def fail() -> None:
        with database.write() as tx:
            new_webhook(tx, reseller_id=reseller(tx))
            raise Broken

    with pytest.raises(Broken):
        fail()

    assert listener.heard == []


def test_a_listener_hears_what_somebody_acting_on_the_store_writes(database: Database) -> None:
    listener = Listener(database)
    with database.within(5.0).write() as tx:
        new_webhook(tx, reseller_id=reseller(tx))

    assert listener.heard == [({CommitEffects.WEBHOOKS}, 1)]


def test_new_deliveries_are_handed_over_once_others_see_them(database: Database) -> None:
    handed: list[tuple[int, bytes, int]] = []

    def take(made: Sequence[DueDelivery], begun_s: float) -> None:
        assert begun_s <= monotonic_s()
        with database.read() as tx:
            seen = {one.id for _, one in deliveries.above(tx, 0, limit=10)}
        handed.extend(
            (one.delivery.webhook_id, one.body, one.delivery.id)
            for one in made
            if one.delivery.id in seen
        )

    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner)
    listener, database.commits.taker = Listener(database), take
    one = event(reseller_id=owner)
    with database.write() as tx:
        events.add_and_fan_out(tx, [one], hands_over=True)
    database.commits.taker = None
    with database.write() as tx:
        events.add_and_fan_out(tx, [event(reseller_id=owner)], hands_over=True)

    assert [found[:2] for found in handed] == [(hook.id, one.body.encode())]
    assert listener.heard == [
        ({CommitEffects.EVENTS}, 1),
        ({CommitEffects.DELIVERIES, CommitEffects.EVENTS}, 1),
    ]
