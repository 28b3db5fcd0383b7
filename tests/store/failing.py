"""Deliveries that have failed, many at once, for tests of retries."""

from sqlalchemy import insert, select, text

from reseller_webhooks.core.deliveries.attempts import Outcome
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events
from reseller_webhooks.store.tables import attempt, delivery
from tests.store.factories import event, reseller, webhook


def failed(database: Database, *, webhooks: int = 1, count: int = 1) -> list[WebhookRow]:
    """A new reseller's webhooks, to each of which deliveries of `count` events have failed."""
    with database.write() as tx:
        owner = reseller(tx)
        urls = (f"https://receiver.example/{n}" for n in range(webhooks))
        rows = [webhook(tx, reseller_id=owner, url=url) for url in urls]
    failed_for(database, owner, count=count)
    return rows


def failed_for(database: Database, owner: int, *, count: int) -> None:
    """Deliveries of `count` new events have failed to each webhook of a reseller."""
    with database.write() as tx:
        given = {"reseller_id": owner, "changed_at": tx.now}
        told = [event(resource_uuid=f"c{n}", **given) for n in range(count)]
        events.fan_out(tx, events.add(tx, told))
    close(database, State.FAILED)


def close(database: Database, state: State) -> None:
    """Close every pending delivery after one attempt."""
    closed = select(
        *(delivery.c.id, delivery.c.event_id, delivery.c.webhook_id, delivery.c.reseller_id),
        *(delivery.c.resource, delivery.c.action, delivery.c.resource_uuid, delivery.c.version),
        *(text("1"), delivery.c.next_at, text("5"), text(f"'{Outcome.FAILED.value}'")),
        *(text("'answered 500'"), text("''"), text(f"'{state.value}'")),
        *(delivery.c.created_at, delivery.c.replay_of),
    )
    columns = [
        *("delivery_id", "event_id", "webhook_id", "reseller_id", "resource", "action"),
        *("resource_uuid", "version", "number", "at", "ms", "outcome", "detail", "response"),
        *("state", "created_at", "replay_of"),
    ]
    with database.write() as tx:
        tx.connection.execute(insert(attempt).from_select(columns, closed))
        tx.connection.execute(delivery.delete())
