"""Closing deliveries without an attempt: cancelled, superseded or given up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, Text, delete, insert, literal, select

from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.deliveries.delivery import STEPS, State, Trigger
from reseller_webhooks.core.messages import MessageCode
from reseller_webhooks.store.db import messages
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import attempt, delivery

CHUNK = 500
"""Deliveries in one statement."""


def close(
    tx: Tx,
    numbers: Sequence[int],
    trigger: Trigger,
    why: MessageCode,
    *,
    reason: Reason | None = None,
    waits: bool = False,
) -> int:
    """Close these pending deliveries, each with a line in the log that says why; how many.

    A delivery whose result another transaction is just writing is left alone. waits: for that
    transaction, and close it if it is still pending then.
    """
    closed, state = 0, STEPS[State.PENDING, trigger]
    for start in range(0, len(numbers), CHUNK):
        locked = _lock(tx, numbers[start : start + CHUNK], waits=waits)
        named = delivery.c.id.in_(locked)
        lines = select(*_line(tx, state, why, reason)).where(named)
        tx.connection.execute(insert(attempt).from_select(_COLUMNS, lines))
        tx.connection.execute(delete(delivery).where(named))
        closed += len(locked)
    return closed


def _lock(tx: Tx, numbers: Sequence[int], *, waits: bool) -> list[int]:
    """Lock those deliveries that are pending, so that no other transaction closes them twice."""
    pending = select(delivery.c.id).where(delivery.c.id.in_(numbers)).order_by(delivery.c.id)
    locking = pending.with_for_update(skip_locked=not waits)
    return list(tx.connection.execute(locking).scalars())


_SAME = [
    "event_id", "webhook_id", "reseller_id", "resource", "action", "resource_uuid", "version",
]  # fmt: skip
_COLUMNS = [
    "delivery_id", *_SAME, "number", "created_at", "replay_of",
    "at", "ms", "detail", "message", "response", "state", "reason",
]  # fmt: skip


def _line(
    tx: Tx, state: State, why: MessageCode, reason: Reason | None
) -> list[ColumnElement[Any]]:
    """A line in the log without a request: what closed the delivery was no attempt."""
    message = why()
    return [
        delivery.c.id,
        *(delivery.c[name] for name in _SAME),
        delivery.c.attempts,
        delivery.c.created_at,
        delivery.c.replay_of,
        literal(tx.now, BigInteger),
        literal(0),
        literal(messages.text_of(message), Text),
        literal(messages.stored(message), Text),
        literal("", Text),
        literal(state.value, String),
        literal(reason.value if reason else None, String),
    ]
