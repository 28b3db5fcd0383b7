"""Results: attempts written down, and what they make of their deliveries, which end or wait."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import Delete, bindparam, delete, select, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.attempts import Reason
from reseller_webhooks.core.deliveries.delivery import AttemptResult, State
from reseller_webhooks.store.db import bulk_read, bulk_write, messages
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import attempt, delivery

CHUNK = 500
"""Deliveries in one statement."""


def finish(tx: Tx, made: Sequence[AttemptResult], check: Callable[[], None] = lambda: None) -> None:
    """Write attempts down and step or close their deliveries.

    check: called once the first statements were sent; raises if they must be undone. So its own
    statement, sent before, shares their round trip.

    A delivery that was closed while its request was under way (cancelled, superseded) stays
    closed; the attempt is kept all the same, since it happened. But one that was given up for its
    age alone and is accepted after all is DELIVERED: nothing else would be true.
    """
    for start in range(0, len(made), CHUNK):
        _finish(tx, made[start : start + CHUNK], check)


def _finish(tx: Tx, made: Sequence[AttemptResult], check: Callable[[], None]) -> None:
    again = [one for one in made if one.step.state is State.PENDING]
    bulk_write.change(tx, _WAIT, [_wait_row(one, tx.now) for one in again])
    accepted = {one.delivery.id for one in made if one.step.state is State.DELIVERED}
    ended = {one.delivery.id for one in made if one.step.state is not State.PENDING}
    removed = bulk_write.ask_remove(tx, _gone, sorted(ended)) if ended else None
    check()
    is_whole = removed is None or removed.count() == len(ended)
    closed = ended if is_whole else _closed_now(tx, ended, accepted)
    rows = [_attempt_row(one, closes=one.delivery.id in closed) for one in made]
    bulk_write.add_rows(tx, attempt, _ATTEMPT, rows)


def _closed_now(tx: Tx, ended: set[int], accepted: set[int]) -> set[int]:
    """Ended deliveries that no line of the log closes; some were closed before."""
    # Whoever closed them has left a line in the log, which was no request.
    if accepted:
        _forget_expiry(tx, accepted)
    logged = select(attempt.c.delivery_id).where(
        attempt.c.delivery_id.in_(ended), attempt.c.state.is_not(None)
    )
    return ended - set(tx.connection.execute(logged).scalars())


def _forget_expiry(tx: Tx, numbers: set[int]) -> None:
    """Delete the lines that say of these deliveries that they were given up for their age."""
    expired = attempt.c.delivery_id.in_(numbers), attempt.c.reason == Reason.EXPIRED.value
    tx.connection.execute(delete(attempt).where(*expired, attempt.c.outcome.is_(None)))


def _gone(some: bulk_read.Some) -> Delete:
    return delete(delivery).where(delivery.c.id.in_(some))


_WAIT = (
    update(delivery)
    .where(delivery.c.id == bindparam("row_id"))
    .values(
        attempts=bindparam("attempts"),
        next_at=bindparam("next_at"),
        scheduled_at=bindparam("scheduled_at"),
    )
)


def _wait_row(one: AttemptResult, now: Micros) -> dict[str, object]:
    return {
        "row_id": one.delivery.id,
        "attempts": one.number,
        "next_at": one.step.due_at(now),
        "scheduled_at": min(one.step.scheduled_at or now, now),
    }


_ATTEMPT = (
    "delivery_id", "event_id", "webhook_id", "reseller_id",
    "resource", "action", "resource_uuid", "version",
    "number", "at", "ms", "outcome", "status", "reason", "detail", "message", "note",
    "response", "response_headers", "state", "created_at", "replay_of",
)  # fmt: skip


def _attempt_row(one: AttemptResult, *, closes: bool) -> tuple[Any, ...]:
    of, result = one.delivery, one.attempt
    return (
        of.id, of.event_id, of.webhook_id, of.reseller_id,
        of.resource, of.action, of.resource_uuid, of.version,
        one.number, one.at, result.ms, result.outcome.value,
        result.status, result.reason.value if result.reason else None,
        messages.text_of(result.message), messages.stored(result.message),
        messages.stored(result.note),
        result.response, orjson.dumps(result.headers).decode() if result.headers else None,
        one.step.state.value if closes else None, of.created_at, of.replay_of,
    )  # fmt: skip
