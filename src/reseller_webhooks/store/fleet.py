"""What an operator asks of the whole: who holds which partitions, what is late, what is broken."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.webhooks import WebhookState
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import delivery, lease, reseller, webhook


@dataclass(frozen=True, slots=True)
class Partitions:
    """How many partitions each worker holds; free ones nobody does, lapsed ones nobody any more."""

    held: Mapping[str, int]
    free: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class Late:
    """The delivery that has been due longest, of webhooks that are to be sent to."""

    due_at: Micros
    webhook: str
    url: str
    reseller: str


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A webhook whose receiver fails."""

    webhook: str
    url: str
    reseller: str
    reseller_uuid: str
    reason: str
    since: Micros | None


def partitions(tx: Tx) -> Partitions:
    """Who holds how many."""
    rows = tx.connection.execute(select(lease.c.owner, lease.c.until)).tuples().all()
    held: dict[str, int] = {}
    for owner, until in rows:
        if owner is not None and until > tx.now:
            held[owner] = held.get(owner, 0) + 1
    free = sum(owner is None for owner, _ in rows)
    return Partitions(held, free, len(rows) - free - sum(held.values()))


def oldest_due(tx: Tx) -> Late | None:
    """What has been due longest; one look along an index for each webhook."""
    first = (
        select(func.min(delivery.c.next_at))
        .where(delivery.c.webhook_id == webhook.c.id)
        .correlate(webhook)
        .scalar_subquery()
    )
    waiting = (
        select(webhook.c.uuid, webhook.c.url, webhook.c.reseller_id, first.label("due_at"))
        .where(
            webhook.c.deleted_at.is_(None),
            webhook.c.state == WebhookState.ACTIVE.value,
            webhook.c.circuit != "OPEN",
        )
        .subquery()
    )
    statement = (
        select(waiting.c.due_at, waiting.c.uuid, waiting.c.url, reseller.c.name)
        .join(reseller, reseller.c.id == waiting.c.reseller_id)
        .where(waiting.c.due_at <= tx.now)
        .order_by(waiting.c.due_at)
        .limit(1)
    )
    row = tx.connection.execute(statement).first()
    return Late(*row) if row else None


def open_circuits(tx: Tx, *, limit: int) -> list[OpenCircuit]:
    """Webhooks whose receivers fail, those that have failed longest first."""
    statement = (
        select(
            *(webhook.c.uuid, webhook.c.url, reseller.c.name, reseller.c.uuid.label("whose")),
            *(webhook.c.circuit_reason, webhook.c.circuit_at),
        )
        .join(reseller, reseller.c.id == webhook.c.reseller_id)
        .where(webhook.c.deleted_at.is_(None), webhook.c.circuit == "OPEN")
        .order_by(webhook.c.circuit_at, webhook.c.id)
        .limit(limit)
    )
    return [OpenCircuit(*row) for row in tx.connection.execute(statement)]
