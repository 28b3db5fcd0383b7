"""Statistics of webhooks: pending deliveries, the last result, results by hour.

Every statement is for all webhooks of a page at once and reads along indexes, most of them only
to the first row that tells.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    and_,
    func,
    literal,
    select,
)

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.delivery_stats import (
    HOUR,
    WAITING_COUNTED,
    CircuitChange,
    HourCount,
    LastAttempt,
    WebhookStats,
)
from reseller_webhooks.store.db import messages
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import number_in
from reseller_webhooks.store.deliveries.log_query import UNHAPPY, closed_in
from reseller_webhooks.store.tables import attempt, circuit_change, delivery, webhook

CLOSED_SEARCHED = 1_000
"""Closed deliveries that are searched for the last delivered one, newest first."""
REFUSED_SEARCHED = 100
"""Pending deliveries that are searched for the newest refusal, first due first."""


def webhook_stats(tx: Tx, webhook_ids: Collection[int]) -> dict[int, WebhookStats]:
    """The statistics of each webhook."""
    rows = tx.connection.execute(
        select(
            webhook.c.id,
            _waiting().label("waiting"),
            _first_waiting().label("first"),
            _refused_at().label("refused_at"),
            _newest_closed().label("newest"),
            _delivered_at().label("delivered_at"),
        ).where(webhook.c.id.in_(webhook_ids))
    ).all()
    first = _in_line(tx, [row.first for row in rows if row.first])
    failed = _failed(tx, [row.newest for row in rows if row.newest])
    return {
        row.id: WebhookStats(
            waiting=row.waiting,
            next_at=first[row.first].next_at if row.first in first else None,
            refused=first[row.first].tried if row.first in first else None,
            refused_at=row.refused_at,
            failed=failed.get(row.newest),
            delivered_at=row.delivered_at,
        )
        for row in rows
    }


def hour_counts(
    tx: Tx, webhook_ids: Collection[int], *, since: Micros, hours: int
) -> dict[int, HourCount]:
    """Results by hour of the deliveries that were made from `since` on."""
    rows = tx.connection.execute(_closed_by_hour(webhook_ids, since, hours)).tuples()
    found = {number: HourCount(list(counts), [0] * hours) for number, *counts in rows}
    unhappy = tx.connection.execute(_unhappy_by_hour(webhook_ids, since))
    for number, hour, state, count in unhappy.tuples():
        if hour >= hours:
            continue
        # Whatever did not end otherwise was delivered.
        found[number].delivered[hour] -= count
        if state == State.FAILED:
            found[number].failed[hour] += count
    return found


def circuit_changes(tx: Tx, webhook_id: int, *, limit: int) -> list[CircuitChange]:
    """Changes of a webhook's circuit, newest first."""
    c = circuit_change.c
    statement = select(*_change_columns()).where(c.webhook_id == webhook_id)
    newest = statement.order_by(c.at.desc(), c.id.desc()).limit(limit)
    return [_change(row) for row in tx.connection.execute(newest)]


def circuit_changes_since(
    tx: Tx, webhook_ids: Collection[int], since: Micros
) -> dict[int, list[CircuitChange]]:
    """Of each hour from `since` on the first and last change of these webhooks' circuits.

    Oldest first. A circuit that opens and closes all day changes thousands of times.
    """
    c = circuit_change.c
    hour = ((c.at - since) // HOUR).label("hour")
    by_hour = (
        select(func.min(c.id), func.max(c.id))
        .where(c.webhook_id.in_(webhook_ids), c.at >= since)
        .group_by(c.webhook_id, hour)
    )
    numbers = {number for row in tx.connection.execute(by_hour) for number in row}
    statement = select(c.webhook_id, *_change_columns()).where(number_in(c.id, numbers))
    found: dict[int, list[CircuitChange]] = {one: [] for one in webhook_ids}
    for row in tx.connection.execute(statement.order_by(c.at, c.id)):
        found[row.webhook_id].append(_change(row))
    return found


def _change_columns() -> Iterable[SQLColumnExpression[Any]]:
    c = circuit_change.c
    return [c.at, c.is_open, c.reason, c.message]


def _change(row: Row[Any]) -> CircuitChange:
    return CircuitChange(row.at, row.is_open, messages.read(row.message, row.reason))


def _waiting() -> ColumnElement[int]:
    mine = select(literal(1)).where(delivery.c.webhook_id == webhook.c.id).correlate(webhook)
    counted = mine.limit(WAITING_COUNTED + 1).subquery()
    return select(func.count()).select_from(counted).scalar_subquery()


def _first_waiting() -> ColumnElement[int]:
    mine = select(delivery.c.id).where(delivery.c.webhook_id == webhook.c.id)
    return mine.order_by(delivery.c.next_at, delivery.c.id).limit(1).scalar_subquery()


def _refused_at() -> ColumnElement[int]:
    mine = select(delivery.c.id, delivery.c.attempts).where(delivery.c.webhook_id == webhook.c.id)
    by_due = mine.correlate(webhook).order_by(delivery.c.next_at, delivery.c.id)
    some = by_due.limit(REFUSED_SEARCHED).subquery()
    newest = and_(attempt.c.delivery_id == some.c.id, attempt.c.number == some.c.attempts)
    return select(func.max(attempt.c.at)).select_from(some).join(attempt, newest).scalar_subquery()


def _newest_closed() -> ColumnElement[int]:
    return _closings(attempt.c.id).limit(1).scalar_subquery()


def _delivered_at() -> ColumnElement[int]:
    newest = _closings(attempt.c.at, attempt.c.state).limit(CLOSED_SEARCHED).subquery()
    delivered = select(newest.c.at).where(newest.c.state == State.DELIVERED.value)
    return delivered.limit(1).scalar_subquery()


def _closings(*columns: SQLColumnExpression[Any]) -> Select[Any]:
    """Of a webhook, newest first."""
    return (
        select(*columns)
        .where(attempt.c.webhook_id == webhook.c.id, attempt.c.state.is_not(None))
        .order_by(attempt.c.created_at.desc(), attempt.c.delivery_id.desc())
        .correlate(webhook)
    )


@dataclass(frozen=True, slots=True)
class _InLine:
    next_at: Micros
    tried: LastAttempt | None


def _in_line(tx: Tx, numbers: Collection[int]) -> dict[int, _InLine]:
    """The due time and the newest attempt of each delivery."""
    newest = and_(attempt.c.delivery_id == delivery.c.id, attempt.c.number == delivery.c.attempts)
    statement = (
        select(delivery.c.id, delivery.c.next_at, *_tried_columns())
        .join_from(delivery, attempt, newest, isouter=True)
        .where(delivery.c.id.in_(numbers))
    )
    rows = tx.connection.execute(statement).all()
    return {row.id: _InLine(row.next_at, _tried(row) if row.at else None) for row in rows}


def _failed(tx: Tx, numbers: Collection[int]) -> Mapping[int, LastAttempt]:
    """Those of the attempts with which deliveries failed for good."""
    failed = attempt.c.state == State.FAILED.value
    statement = select(attempt.c.id, *_tried_columns()).where(attempt.c.id.in_(numbers), failed)
    return {row.id: _tried(row) for row in tx.connection.execute(statement)}


def _tried_columns() -> Iterable[SQLColumnExpression[Any]]:
    c = attempt.c
    return [c.at, c.status, c.reason, c.detail, c.message]


def _tried(row: Row[Any]) -> LastAttempt:
    message = messages.read_reason(row.message, row.detail, row.reason)
    return LastAttempt(row.at, row.status, row.reason, message)


def _closed_by_hour(webhook_ids: Collection[int], since: Micros, hours: int) -> Select[Any]:
    # Counts stretches of ix_attempt_log_webhook; to sort rows into groups takes five times as long.
    starts = (since + hour * HOUR for hour in range(hours))
    counts = [_closed_between(start, start + HOUR).label(None) for start in starts]
    return select(webhook.c.id, *counts).where(webhook.c.id.in_(webhook_ids))


def _closed_between(start: Micros, end: Micros) -> ColumnElement[int]:
    c = attempt.c
    mine = and_(c.webhook_id == webhook.c.id, c.state.is_not(None))
    within = select(func.count()).where(mine, c.created_at >= start, c.created_at < end)
    return within.correlate(webhook).scalar_subquery()


def _unhappy_by_hour(webhook_ids: Collection[int], since: Micros) -> Select[Any]:
    # Reads ix_attempt_log_webhook_unhappy, which holds only what was not delivered.
    c = attempt.c
    hour = ((c.created_at - since) // HOUR).label("hour")
    return (
        select(c.webhook_id, hour, c.state, func.count())
        .where(
            closed_in(UNHAPPY),
            c.created_at >= since,
            c.webhook_id.in_(webhook_ids),
        )
        .group_by(c.webhook_id, hour, c.state)
    )
