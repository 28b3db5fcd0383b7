"""State of the whole service for operators: owners of partitions, webhooks that fail."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.messages import Message
from reseller_webhooks.store.db import messages
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import lease, reseller, webhook


@dataclass(frozen=True, slots=True)
class Partitions:
    """Partitions by owner. free: never owned. lapsed: their owner's lease has run out."""

    held: Mapping[str, int]
    free: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A webhook whose receiver fails."""

    webhook: str
    url: str
    reseller: str
    reseller_uuid: str
    message: Message | None
    since: Micros | None


def partitions(tx: Tx) -> Partitions:
    """Count partitions by living owner."""
    rows = tx.connection.execute(select(lease.c.owner, lease.c.until)).tuples().all()
    held: dict[str, int] = {}
    for owner, until in rows:
        if owner is not None and until > tx.now:
            held[owner] = held.get(owner, 0) + 1
    free = sum(owner is None for owner, _ in rows)
    return Partitions(held, free, len(rows) - free - sum(held.values()))


def open_circuits_count(tx: Tx) -> int:
    """Number of webhooks whose circuit is open."""
    statement = select(func.count()).select_from(webhook).where(*_is_failing())
    return int(tx.connection.execute(statement).scalar_one())


def open_circuits(tx: Tx, *, limit: int) -> list[OpenCircuit]:
    """Webhooks with an open circuit, longest open first."""
    statement = (
        select(
            *(webhook.c.uuid, webhook.c.url, reseller.c.name, reseller.c.uuid.label("whose")),
            *(webhook.c.circuit_reason, webhook.c.circuit_message, webhook.c.circuit_at),
        )
        .join(reseller, reseller.c.id == webhook.c.reseller_id)
        .where(*_is_failing())
        .order_by(webhook.c.circuit_at, webhook.c.id)
        .limit(limit)
    )
    return [
        OpenCircuit(
            webhook=row.uuid,
            url=row.url,
            reseller=row.name,
            reseller_uuid=row.whose,
            message=messages.read_changed(row.circuit_message, row.circuit_reason),
            since=row.circuit_at,
        )
        for row in tx.connection.execute(statement)
    ]


def _is_failing() -> tuple[ColumnElement[bool], ...]:
    return webhook.c.deleted_at.is_(None), webhook.c.circuit == "OPEN"
