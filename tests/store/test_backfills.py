"""A backfill's steps, on both databases: what they make, what they wait for, who takes them."""

from collections.abc import Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.delivery import Delivery, State
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.errors import Conflict
from reseller_webhooks.core.sync.backfills import STEP_MAX, Backfill, BackfillState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import backfills
from reseller_webhooks.store.db import horizon
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries, results
from reseller_webhooks.store.records import events, records
from reseller_webhooks.store.tables import attempt, audit, backfill, delivery
from reseller_webhooks.store.tables import record as record_table
from reseller_webhooks.store.webhooks import backfills as store
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import due, made, record, reseller, told, webhook
from tests.store.factories import event as an_event

URL = "https://platform.example"
# SQLite has one writer, so nothing can happen between two of its statements.
POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)


def prepared(database: Database, count: int, **given: Any) -> WebhookRow:
    """A webhook, and as many records as it has to be told of."""
    with database.write() as tx:
        number = reseller(tx)
        row = webhook(tx, reseller_id=number, **given)
        records.add(
            tx, [record(reseller_id=number, uuid=f"c{one}", version=3) for one in range(count)]
        )
    return row


def begin(database: Database, row: WebhookRow, *, rate: int = 2, **given: Any) -> Backfill:
    return backfills.begin(database, row.reseller_id, row.uuid, rate=rate, **given)


def step(database: Database, *, limit: int = STEP_MAX) -> int | None:
    taken = backfills.step(database, public_url=URL, limit=limit)
    return taken.made if taken else None


def step_now(database: Database) -> int | None:
    """The next step, without waiting until it is due."""
    with database.write() as tx:
        tx.connection.execute(update(backfill).values(next_at=0))
    return step(database)


def newest(database: Database, row: WebhookRow) -> Backfill:
    return backfills.get(database, row.reseller_id, row.uuid)


def waiting(database: Database, row: WebhookRow) -> list[Delivery]:
    with database.read() as tx:
        return due(tx, row.id, limit=1_000)


def told_of(database: Database, row: WebhookRow) -> list[str]:
    return [one.resource_uuid for one in waiting(database, row)]


def test_a_step_makes_one_seconds_worth_of_deliveries(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row, rate=2)

    assert step(database) == 2
    assert told_of(database, row) == ["c0", "c1"]


def test_a_step_handles_no_more_records_than_its_limit(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row, rate=4)
    taken = backfills.step(database, public_url=URL, limit=3)

    assert taken
    assert (taken.records, taken.made) == (3, 3)
    assert told_of(database, row) == ["c0", "c1", "c2"]


def test_the_next_step_is_due_a_second_later(database: Database) -> None:
    row = prepared(database, 5)
    began = begin(database, row)
    step(database)

    assert newest(database, row).next_at >= began.next_at + SECOND
    assert step(database) is None


def test_steps_go_on_where_the_last_one_ended_until_all_is_done(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)
    steps = [step_now(database) for _ in range(4)]

    assert steps == [2, 2, 1, None]
    assert told_of(database, row) == ["c0", "c1", "c2", "c3", "c4"]
    assert newest(database, row).state is BackfillState.DONE
    assert newest(database, row).sent == newest(database, row).total == 5


def test_it_is_done_at_once_when_there_is_nothing_to_send(database: Database) -> None:
    row = prepared(database, 0)
    begin(database, row)

    assert step(database) == 0
    assert newest(database, row).state is BackfillState.DONE


def test_a_delivery_has_the_records_version_and_an_event_of_its_own(database: Database) -> None:
    row = prepared(database, 1)
    begin(database, row)
    step(database)
    (one,) = waiting(database, row)
    with database.read() as tx:
        uuid, body = events.bodies(tx, [one.event_id])[one.event_id]

    assert (one.version, one.action, one.attempts) == (3, "CHANGED", 0)
    assert uuid in body.decode()
    assert '"resourceVersion":3,"changedFields":[]' in body.decode()


def test_only_records_of_the_webhooks_reseller_and_resource_are_sent(database: Database) -> None:
    row = prepared(database, 1)
    with database.write() as tx:
        other = reseller(tx, "Contoso")
        records.add(tx, [record(reseller_id=other, uuid="theirs")])
        records.add(tx, [record(reseller_id=row.reseller_id, uuid="o1", resource=Resource.ORDER)])
    begin(database, row, rate=10)
    step(database)

    assert told_of(database, row) == ["c0"]


def test_tombstones_are_left_out(database: Database) -> None:
    row = prepared(database, 1)
    with database.write() as tx:
        records.add(tx, [tombstone(row)])
    began = begin(database, row, rate=10)
    step(database)

    assert began.total == 1
    assert told_of(database, row) == ["c0"]


def test_many_tombstones_are_passed_by_short_steps_without_a_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOOKED_AT", 2)
    row = prepared(database, 1)
    with database.write() as tx:
        records.add(tx, [tombstone(row, f"gone{n}") for n in range(9)])
        records.add(tx, [record(reseller_id=row.reseller_id, uuid="last")])
    began = begin(database, row, rate=1)
    with database.write() as tx:
        tx.connection.execute(update(backfill).values(next_at=began.next_at - 5 * SECOND))
    steps = [step(database) for _ in range(5)]

    assert steps == [1, 0, 0, 1, None]
    assert told_of(database, row) == ["c0", "last"]
    assert newest(database, row).state is BackfillState.DONE


def test_tombstones_are_sent_when_asked_for(database: Database) -> None:
    row = prepared(database, 1)
    with database.write() as tx:
        records.add(tx, [tombstone(row)])
    begin(database, row, rate=10, with_removed=True)
    step(database)

    assert [(one.resource_uuid, one.action) for one in waiting(database, row)] == [
        ("c0", "CHANGED"),
        ("gone", "REMOVED"),
    ]


def test_a_record_added_meanwhile_is_not_sent_twice(database: Database) -> None:
    row = prepared(database, 2)
    begin(database, row, rate=10)
    with database.write() as tx:
        records.add(tx, [record(reseller_id=row.reseller_id, uuid="new")])
    step(database)

    assert told_of(database, row) == ["c0", "c1"]


def test_what_is_on_its_way_already_does_not_go_twice(database: Database) -> None:
    row = prepared(database, 2)
    with database.write() as tx:
        told(tx, an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=3))
    begin(database, row, rate=10)

    assert step(database) == 1
    assert sorted(told_of(database, row)) == ["c0", "c1"]


def test_an_older_state_on_its_way_does_not_stand_for_the_present_one(database: Database) -> None:
    row = prepared(database, 1)
    with database.write() as tx:
        told(tx, an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=2))
    begin(database, row)
    step(database)

    assert [one.version for one in waiting(database, row)] == [2, 3]


def test_a_newer_change_replaces_what_a_backfill_has_made(database: Database) -> None:
    row = prepared(database, 2)
    begin(database, row, rate=10)
    step(database)
    with database.write() as tx:
        newer = an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=4)
        deliveries.supersede(tx, told(tx, newer))

    assert sorted((one.resource_uuid, one.version) for one in waiting(database, row)) == [
        ("c0", 4),
        ("c1", 3),
    ]
    assert closed(database) == ["SUPERSEDED"]


def test_a_newer_change_replaces_nothing_else_where_every_change_is_wanted(
    database: Database,
) -> None:
    row = prepared(database, 1)
    with database.write() as tx:
        told(tx, an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=2))
    begin(database, row)
    step(database)
    with database.write() as tx:
        newer = an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=4)
        deliveries.supersede(tx, told(tx, newer))

    assert [one.version for one in waiting(database, row)] == [2, 4]


def test_where_the_latest_state_is_wanted_it_replaces_older_ones(database: Database) -> None:
    row = prepared(database, 1, mode="LATEST_STATE")
    with database.write() as tx:
        told(tx, an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=2))
    begin(database, row)
    step(database)

    assert [one.version for one in waiting(database, row)] == [3]


def test_an_ordered_webhook_gets_it_behind_the_older_ones(database: Database) -> None:
    row = prepared(database, 1, ordered=True)
    with database.write() as tx:
        told(tx, an_event(reseller_id=row.reseller_id, resource_uuid="c0", version=2))
    begin(database, row)
    step(database)
    with database.read() as tx:
        heads = due(tx, row.id, ordered=True)

    assert [one.version for one in heads] == [2]


@pytest.mark.parametrize("held_back", [{"state": "PAUSED"}, {"circuit": "OPEN"}])
def test_nothing_is_made_while_the_webhook_does_not_send(
    database: Database, held_back: dict[str, Any]
) -> None:
    row = prepared(database, 3)
    begin(database, row)
    with database.write() as tx:
        webhooks.change(tx, row.id, **held_back)

    assert step(database) is None
    assert waiting(database, row) == []
    assert newest(database, row).state is BackfillState.RUNNING


def test_it_goes_on_when_the_webhook_sends_again(database: Database) -> None:
    row = prepared(database, 3)
    begin(database, row)
    for state in ("PAUSED", "ACTIVE"):
        with database.write() as tx:
            webhooks.change(tx, row.id, state=state)

    assert step(database) == 2


def test_a_quick_one_takes_short_steps_one_after_the_other(database: Database) -> None:
    row = prepared(database, 250)
    began = begin(database, row, rate=1000)
    with database.write() as tx:
        tx.connection.execute(update(backfill).values(next_at=began.next_at - SECOND))
    steps = [step(database, limit=100) for _ in range(4)]

    assert steps == [100, 100, 50, None]


def test_it_waits_while_too_much_waits(database: Database) -> None:
    row = prepared(database, 300)
    begin(database, row, rate=60)
    steps = [step_now(database) for _ in range(3)]

    assert steps == [60, 60, 0]
    assert newest(database, row).sent == 120


def test_what_waits_for_another_attempt_does_not_hold_it_back(database: Database) -> None:
    row = prepared(database, 300)
    begin(database, row, rate=60)
    for _ in range(2):
        step_now(database)
    with database.write() as tx:
        later = tx.now + 300 * SECOND
        put_off = [made(one, State.PENDING, next_at=later) for one in due(tx, row.id, limit=1_000)]
        results.finish(tx, put_off)

    assert step_now(database) == 60


def test_a_cancelled_one_makes_nothing_more(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)
    step(database)
    cancelled = backfills.cancel(database, row.reseller_id, row.uuid)

    assert cancelled.state is BackfillState.CANCELLED
    assert cancelled.finished_at
    assert step_now(database) is None


def test_who_begins_and_cancels_one_is_written_down(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)
    backfills.cancel(database, row.reseller_id, row.uuid)
    with database.read() as tx:
        acts = list(tx.connection.execute(select(audit.c.act).order_by(audit.c.id)).scalars())

    assert acts == ["webhook.backfill-begun", "webhook.backfill-cancelled"]


def test_what_is_over_cannot_be_cancelled(database: Database) -> None:
    row = prepared(database, 0)
    begin(database, row)
    step(database)

    with pytest.raises(Conflict, match="nothing to cancel"):
        backfills.cancel(database, row.reseller_id, row.uuid)


def test_a_webhook_has_one_at_a_time(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)

    with pytest.raises(Conflict, match="is running"):
        begin(database, row)


def test_another_one_begins_at_the_beginning(database: Database) -> None:
    row = prepared(database, 3)
    begin(database, row, rate=10)
    step(database)
    with database.write() as tx:
        tx.connection.execute(delivery.delete())
    begin(database, row, rate=10)

    assert step(database) == 3


def test_it_ends_with_its_webhook(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)
    with database.write() as tx:
        webhooks.change(tx, row.id, deleted_at=tx.now)

    assert step(database) == 0
    assert ended(database, row) == ("CANCELLED", "its webhook was deleted")


def test_it_ends_when_the_webhook_is_about_something_else(database: Database) -> None:
    row = prepared(database, 5)
    begin(database, row)
    with database.write() as tx:
        webhooks.change(tx, row.id, resource="ORDER")
    step(database)

    assert ended(database, row) == (
        "CANCELLED",
        "its webhook is about another resource now, Order",
    )


def test_it_says_added_once_only_that_is_ticked(database: Database) -> None:
    row = prepared(database, 1)
    begin(database, row)
    with database.write() as tx:
        webhooks.change(tx, row.id, actions=frozenset({Action.ADDED}))
    step(database)

    assert [one.action for one in waiting(database, row)] == ["ADDED"]


def test_two_workers_never_take_the_same_step(database: Database) -> None:
    row = prepared(database, 40)
    begin(database, row, rate=10)
    both = Barrier(2)

    def work() -> None:
        for _ in range(4):
            both.wait()
            step(database)
            if both.wait() == 0:
                with database.write() as tx:
                    tx.connection.execute(update(backfill).values(next_at=0))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told_of(database, row)) == sorted(f"c{one}" for one in range(40))


@POSTGRES
def test_a_record_that_is_just_being_changed_comes_later_and_newer(database: Database) -> None:
    row = prepared(database, 3)
    begin(database, row, rate=10)
    with database.write() as changing:
        named = record_table.c.uuid == "c1"
        changing.connection.execute(select(record_table.c.id).where(named).with_for_update())
        first = step(database)
        before = told_of(database, row)
        changing.connection.execute(update(record_table).where(named).values(version=4))
    second = step_now(database)

    assert (first, before) == (1, ["c0"])
    assert second == 2
    assert [one.version for one in waiting(database, row)] == [3, 4, 3]


@POSTGRES
def test_a_record_cannot_change_while_a_step_tells_of_it(database: Database) -> None:
    row = prepared(database, 1)
    one = begin(database, row, rate=10)
    with database.write() as telling:
        settled = horizon.settled(database, telling, "record")
        store.following(telling, one, row.reseller_id, settled, step=10)
        with database.write() as changing:
            statement = select(record_table.c.id).with_for_update(skip_locked=True)

            assert changing.connection.execute(statement).all() == []


def test_an_estimate_looks_at_so_many_records_and_no_more(database: Database) -> None:
    row = prepared(database, 3)
    with database.write() as tx:
        records.add(tx, [tombstone(row)])
        of_it = {"resource": row.resource, "reseller_id": row.reseller_id}

        assert store.estimate(tx, **of_it, limit=4) == (3, False)
        assert store.estimate(tx, **of_it, limit=2) == (3, True)
        assert store.count(tx, **of_it, with_removed=True) == 4


def tombstone(row: WebhookRow, uuid: str = "gone") -> Any:
    return record(reseller_id=row.reseller_id, uuid=uuid, removed=True, content=None, status=None)


def closed(database: Database) -> Sequence[str]:
    with database.read() as tx:
        return list(tx.connection.execute(select(attempt.c.state)).scalars())


def ended(database: Database, row: WebhookRow) -> tuple[str, str]:
    with database.read() as tx:
        found = store.newest(tx, row.id)
        assert found
        return found.state.value, str(found.message or "")
