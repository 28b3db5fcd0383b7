"""Deliveries that nobody takes are given up: which of them, and which stay."""

from sqlalchemy import select, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.messages.attempts import EXPIRED, RECEIVER_DEAD
from reseller_webhooks.operations import maintenance
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, giving_up, results
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import attempt, delivery, webhook
from reseller_webhooks.store.webhooks import webhooks
from tests.store.factories import due, made, reseller, told
from tests.store.factories import event as new_event
from tests.store.factories import webhook as new_webhook


def _old(tx: Tx, days: int) -> None:
    """Everything that is pending, and its webhook, is so many days older."""
    ago = days * DAY
    shifted = {name: delivery.c[name] - ago for name in ("created_at", "next_at")}
    tx.connection.execute(update(delivery).values(shifted))
    tx.connection.execute(update(webhook).values(changed_at=webhook.c.changed_at - ago))


def _pending(tx: Tx) -> list[tuple[str, int]]:
    columns = delivery.c.resource_uuid, delivery.c.version
    rows = tx.connection.execute(select(*columns).order_by(*columns))
    return [(uuid, version) for uuid, version in rows]


def _closed(tx: Tx) -> list[tuple[str, str, str, str]]:
    columns = attempt.c.resource_uuid, attempt.c.state, attempt.c.reason, attempt.c.detail
    closing = select(*columns).where(attempt.c.state.is_not(None)).order_by(attempt.c.id)
    return [tuple(row) for row in tx.connection.execute(closing)]


def _give_up(tx: Tx, webhook_id: int, *, limit: int = 100) -> int:
    return giving_up.on_dead_receiver(tx, webhook_id, before=tx.now - 3 * DAY, limit=limit)


def test_what_is_older_is_given_up_with_its_reason_and_what_is_new_stays(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner)
        told(tx, new_event(reseller_id=owner, resource_uuid="a"))
        told(tx, new_event(reseller_id=owner, resource_uuid="b"))
        tried = due(tx, hook.id)[0]
        later = made(tried, State.PENDING, next_at=tx.now + 9 * DAY)
        results.finish(tx, [later])
        _old(tx, 4)
        told(tx, new_event(reseller_id=owner, resource_uuid="new"))

        assert _give_up(tx, hook.id) == 2
        assert _pending(tx) == [("new", 1)]
        why = (State.FAILED.value, Reason.RECEIVER_DEAD.value, str(RECEIVER_DEAD()))
        assert sorted(_closed(tx)) == [("a", *why), ("b", *why)]


def test_batches_have_a_bound_and_take_the_oldest_first(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner)
        told(tx, *(new_event(reseller_id=owner, version=v) for v in range(1, 6)))
        _old(tx, 4)

        assert [_give_up(tx, hook.id, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_webhook_for_latest_states_keeps_the_newest_of_each_record(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner, mode="LATEST_STATE")
        told(tx, *(new_event(reseller_id=owner, version=v) for v in (1, 2, 3)))
        told(tx, new_event(reseller_id=owner, resource_uuid="z"))
        _old(tx, 40)

        assert _give_up(tx, hook.id) == 2
        assert _pending(tx) == [("c1", 3), ("z", 1)]


def test_a_webhook_that_is_paused_deleted_or_was_just_changed_keeps_everything(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hooks = [new_webhook(tx, reseller_id=owner, url=f"https://r{n}.example/") for n in "pdc"]
        told(tx, new_event(reseller_id=owner))
        _old(tx, 40)
        paused, deleted, changed = (hook.id for hook in hooks)
        named = webhook.c.id == paused
        tx.connection.execute(update(webhook).where(named).values(state="PAUSED"))
        named = webhook.c.id == deleted
        tx.connection.execute(update(webhook).where(named).values(deleted_at=1))
        webhooks.change(tx, changed, max_in_flight=3)

        assert [_give_up(tx, hook.id) for hook in hooks] == [0, 0, 0]


def test_what_waited_for_longer_than_the_retention_is_given_up_and_its_event_goes(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        new_webhook(tx, reseller_id=owner, state="PAUSED", mode="LATEST_STATE")
        (number,) = told(tx, new_event(reseller_id=owner, changed_at=tx.now - 91 * DAY))
        _old(tx, 91)
        told(tx, new_event(reseller_id=owner, resource_uuid="new", changed_at=tx.now))
    given = {"retention_days": 90, "schedule_s": 60.0}
    counts = [maintenance.expire_deliveries(database, **given) for _ in range(2)]
    short = maintenance.expire_deliveries(database, retention_days=1, schedule_s=1e9)

    assert (counts, short) == ([1, 0], 0)
    with database.read() as tx:
        assert _pending(tx) == [("new", 1)]
        assert _closed(tx) == [("c1", "FAILED", Reason.EXPIRED.value, str(EXPIRED()))]
        assert deliveries.newest(tx)
    if database.url.startswith("sqlite"):  # PostgreSQL drops a day: test_day_partitions.py
        maintenance.drop_events(database, retention_days=90)
        with database.read() as tx:
            assert number not in events.bodies(tx, [number])


def test_what_is_accepted_after_it_was_given_up_for_its_age_is_delivered(
    database: Database,
) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner, mode="LATEST_STATE")
        told(tx, *(new_event(reseller_id=owner, resource_uuid=name) for name in ("a", "b")))
        accepted, failed = due(tx, hook.id)
        _old(tx, 91)
    given_up = maintenance.expire_deliveries(database, retention_days=90, schedule_s=60.0)
    with database.write() as tx:
        results.finish(tx, [made(accepted, State.DELIVERED), made(failed, State.FAILED)])

        assert given_up == 2
        closed = sorted((uuid, state, reason) for uuid, state, reason, _ in _closed(tx))
        assert closed == [("a", "DELIVERED", None), ("b", "FAILED", Reason.EXPIRED.value)]


def test_what_was_cancelled_meanwhile_stays_cancelled(database: Database) -> None:
    with database.write() as tx:
        owner = reseller(tx)
        hook = new_webhook(tx, reseller_id=owner)
        told(tx, new_event(reseller_id=owner, resource_uuid="a"))
        (one,) = due(tx, hook.id)
        deliveries.cancel(tx, hook.id, limit=9)
        results.finish(tx, [made(one, State.DELIVERED)])

        assert [state for _, state, *_ in _closed(tx)] == [State.CANCELLED.value]
