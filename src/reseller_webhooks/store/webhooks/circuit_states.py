"""Rows of circuits, holds and pauses, written by the engine."""

from sqlalchemy import BigInteger, Boolean, ColumnElement, Text, insert, literal, select, update

from reseller_webhooks.core.deliveries.circuits import Circuit
from reseller_webhooks.core.webhooks.webhook import PauseReason, WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db import messages
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import circuit_change, lease, webhook
from reseller_webhooks.store.webhooks import webhooks


def note_circuit(tx: Tx, number: int, circuit: Circuit, *, owner: str | None) -> None:
    """Write down a circuit's state, and its history when it opened or closed.

    changed_at stays, since nobody changed the settings. owner: as in
    operations/delivery_queue.write_results.
    """
    mine = _is_owned(number, owner)
    state = "OPEN" if circuit.is_open else "CLOSED"
    text, code = messages.text_of(circuit.reason), messages.stored(circuit.reason)
    turned = select(
        webhook.c.id,
        literal(circuit.is_open, Boolean),
        *(literal(text, Text), literal(code, Text)),
        literal(tx.now, BigInteger),
    ).where(mine, webhook.c.circuit != state)
    names = ["webhook_id", "is_open", "reason", "message", "at"]
    tx.connection.execute(insert(circuit_change).from_select(names, turned))
    tx.connection.execute(
        update(webhook)
        .where(mine)
        .values(
            circuit=state,
            circuit_reason=text,
            circuit_message=code,
            circuit_at=circuit.since or tx.now,
            probe_at=circuit.probe_at or None,
            held_until=circuit.held_until or None,
        )
    )


def pause_gone(tx: Tx, number: int, *, owner: str | None) -> WebhookRow | None:
    """Pause an active webhook because its receiver is gone. owner: as in `note_circuit`."""
    statement = (
        update(webhook)
        .where(
            _is_owned(number, owner),
            webhook.c.state == WebhookState.ACTIVE.value,
            webhook.c.deleted_at.is_(None),
        )
        .values(
            state=WebhookState.PAUSED.value,
            pause_reason=PauseReason.GONE.value,
            changed_at=tx.now,
        )
    )
    if not tx.connection.execute(statement).rowcount:
        return None
    tx.written.add(CommitEffects.WEBHOOKS)
    return webhooks.by_id(tx, [number])[0]


def _is_owned(number: int, owner: str | None) -> ColumnElement[bool]:
    """The condition for a webhook of a partition of this worker's."""
    mine = webhook.c.id == number
    if owner is not None:
        mine &= webhook.c.part.in_(select(lease.c.part).where(lease.c.owner == owner))
    return mine
