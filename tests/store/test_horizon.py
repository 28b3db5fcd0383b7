"""Who is writing a table, and the revisions that every change of a webhook draws."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import delivery_queue, revisions
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.webhooks import revisions as stored
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import event, reseller, told, webhook

POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)
EVERY = range(PARTS)


def added(database: Database, **given: object) -> WebhookRow:
    with database.write() as tx:
        return webhook(tx, reseller_id=reseller(tx), **given)


def revision(database: Database, row: WebhookRow) -> int:
    (found,) = revisions.by_id(database, [row.id])
    return found.revision


def paused(tx: Tx, row: WebhookRow) -> None:
    webhooks.change(tx, row.id, state="PAUSED")


def hurried(tx: Tx, row: WebhookRow) -> None:
    webhooks.retry_now(tx, row.id)


def changed_by_the_version_before(tx: Tx, row: WebhookRow) -> None:
    """It knows nothing of revisions; and its clock has not moved on."""
    statement = "UPDATE webhook SET url = 'https://b.example/', changed_at = :at WHERE id = :id"
    tx.connection.execute(text(statement), {"at": row.changed_at, "id": row.id})


@pytest.mark.parametrize("change", [paused, hurried, changed_by_the_version_before])
def test_every_change_of_a_webhook_draws_a_higher_revision(
    database: Database, change: Callable[[Tx, WebhookRow], None]
) -> None:
    row, other = added(database), added(database)
    before = revision(database, other)
    with database.write() as tx:
        change(tx, row)

    assert 0 < before < revision(database, row)


def test_what_a_webhook_deleted_for_good_had_is_not_drawn_again(database: Database) -> None:
    row = added(database)
    before = revision(database, row)
    with database.write() as tx:
        tx.connection.execute(text("DELETE FROM webhook"))

    assert revision(database, added(database)) > before


def test_a_worker_is_told_of_a_change_and_then_of_nothing(database: Database) -> None:
    start = revisions.horizon(database)
    row = added(database, part=7)
    first = revisions.revised(database, start, EVERY)
    second = revisions.revised(database, first.horizon, EVERY)
    third = revisions.revised(database, second.horizon, EVERY)

    assert list(first.revisions) == [row.id]
    assert third.revisions == {}
    assert revisions.revised(database, start, [8]).revisions == {}


def test_a_deleted_webhook_is_told_of_and_not_among_the_live(database: Database) -> None:
    row, kept = added(database), added(database)
    start = revisions.horizon(database)
    with database.write() as tx:
        webhooks.change(tx, row.id, deleted_at=tx.now)

    assert list(revisions.revised(database, start, EVERY).revisions) == [row.id]
    assert list(revisions.every(database, EVERY).live) == [kept.id]
    assert [one.id for one in revisions.live(database, EVERY)] == [kept.id]


@POSTGRES
def test_a_webhook_that_commits_below_what_was_seen_is_told_of(database: Database) -> None:
    start = revisions.horizon(database)
    with database.write() as late:
        below = webhook(late, reseller_id=reseller(late))
        above = added(database)
        first = revisions.revised(database, start, EVERY)
    second = revisions.revised(database, first.horizon, EVERY)

    assert list(first.revisions) == [above.id]
    assert below.id in second.revisions
    assert revisions.revised(database, second.horizon, EVERY).revisions == {}


@POSTGRES
def test_a_delivery_that_commits_below_what_was_seen_is_named_though_others_write_on(
    database: Database,
) -> None:
    row = added(database)
    given = {"reseller_id": row.reseller_id}
    look = delivery_queue.due_late_commits(
        database, Horizon(), delivery_queue.last_delivery(database)
    )
    with database.write() as tx:
        told(tx, event(**given))
    look = delivery_queue.due_late_commits(
        database, look.horizon, delivery_queue.last_delivery(database)
    )
    with database.write() as late:
        told(late, event(**given, resource_uuid="late"))
        for _ in range(3):
            with database.write() as tx:
                told(tx, event(**given, uuid=str(uuid4())))
            before = look = delivery_queue.due_late_commits(
                database, look.horizon, delivery_queue.last_delivery(database)
            )
    after = delivery_queue.due_late_commits(
        database, look.horizon, delivery_queue.last_delivery(database)
    )

    numbers = {number for _, number in after.due}
    assert before.horizon.settled < min(numbers) <= after.horizon.settled
    assert numbers - {number for _, number in before.due}


@POSTGRES
def test_who_only_reads_or_writes_elsewhere_is_not_waited_for(database: Database) -> None:
    added(database)
    with database.write() as elsewhere:
        reseller(elsewhere, "Contoso")
        with database.read() as reading:
            reading.connection.execute(text("SELECT * FROM webhook")).all()

            assert horizon.writers(reading, "webhook") == frozenset()


@POSTGRES
def test_the_last_number_is_known_before_it_is_committed(database: Database) -> None:
    row = added(database)
    assert delivery_queue.last_delivery(database) == 0
    with database.write() as tx:
        told(tx, event(reseller_id=row.reseller_id))
        assert delivery_queue.last_delivery(database) == 1


@POSTGRES
def test_a_role_that_may_not_use_the_new_sequence_changes_webhooks(database: Database) -> None:
    row = added(database)
    role = f"r{uuid4().hex}"
    with database.write() as tx:
        tx.connection.execute(text(f"CREATE ROLE {role}"))
        tx.connection.execute(text(f"GRANT SELECT, UPDATE ON webhook TO {role}"))
    before = revision(database, row)
    with database.write() as tx:
        tx.connection.execute(text(f"SET LOCAL ROLE {role}"))
        webhooks.change(tx, row.id, state="PAUSED")

    assert revision(database, row) > before
    with database.read() as tx:
        assert stored.newest(tx) == revision(database, row)
