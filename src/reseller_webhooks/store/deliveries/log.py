"""The log: unfinished deliveries plus the attempts that closed the others.

One store and one transaction, so what it shows cannot contradict the engine. Pages are cut by
(created_at, delivery id), newest first; log_query.py selects the lines and log_counts.py
counts them.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, func, select, tuple_

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import AttemptRow, LogLine, LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.store.db import messages
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import number_in, without_index
from reseller_webhooks.store.deliveries.log_query import (
    PlannedQuery,
    closed_in,
    filter_conditions,
    indexed_conditions,
    plan,
    sorts,
)
from reseller_webhooks.store.tables import attempt, delivery, event

_LONG = {"response", "response_headers"}
_COLUMNS = {
    table: [one for one in table.c if one.name not in _LONG] for table in (delivery, attempt)
}
"""Columns of a log line, without responses of receivers, which have up to 16 KB each."""


def page(tx: Tx, query: LogQuery) -> list[LogLine]:
    """One page of lines, newest first."""
    planned = plan(tx, query)
    found = [*_unfinished(tx, planned), *_closed(tx, planned)]
    found.sort(key=lambda line: (line.created_at, line.delivery_id), reverse=True)
    return with_last_attempts(tx, found[: query.limit])


def line(tx: Tx, delivery_id: int, *, reseller_id: int) -> LogLine | None:
    """One delivery, finished or not."""
    for table, named in ((delivery, delivery.c.id), (attempt, attempt.c.delivery_id)):
        owned = without_index(table.c.reseller_id == reseller_id)
        statement = select(*_COLUMNS[table]).where(named == delivery_id, owned)
        if table is attempt:
            statement = statement.where(attempt.c.state.is_not(None))
        row = tx.connection.execute(statement).mappings().first()
        if row:
            return with_last_attempts(tx, [_line(table, row)])[0]
    return None


def repeat(tx: Tx, of: LogLine) -> int | None:
    """The newest delivery that repeats this one, None when it was not sent again."""
    found = []
    for table, number in ((delivery, delivery.c.id), (attempt, attempt.c.delivery_id)):
        # Its event says nothing more, but it is what both tables have an index by.
        same = table.c.event_id == of.event_id, table.c.replay_of == of.delivery_id
        found.append(tx.connection.execute(select(func.max(number)).where(*same)).scalar())
    return max((one for one in found if one), default=None)


def attempts(tx: Tx, delivery_id: int) -> list[AttemptRow]:
    """The attempts of a delivery, first to last."""
    columns = [attempt.c[name] for name in (*AttemptRow.__dataclass_fields__, "detail")]
    rows = tx.connection.execute(
        select(*columns).where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)
    )
    return [_attempt_line(row) for row in rows.mappings()]


def event_uuids(tx: Tx, event_ids: Iterable[int]) -> dict[int, str]:
    """The ids that users see, by the store's number."""
    statement = select(event.c.id, event.c.uuid).where(number_in(event.c.id, set(event_ids)))
    return dict(tx.connection.execute(statement).tuples().all())


def lines(tx: Tx, delivery_ids: Collection[int], *, reseller_id: int) -> list[LogLine]:
    """These deliveries, finished or not, newest first."""
    found: list[LogLine] = []
    if not delivery_ids:
        return found
    for table, named in ((delivery, delivery.c.id), (attempt, attempt.c.delivery_id)):
        statement = select(*_COLUMNS[table]).where(
            number_in(named, delivery_ids), without_index(table.c.reseller_id == reseller_id)
        )
        if table is attempt:
            statement = statement.where(attempt.c.state.is_not(None))
        found += [_line(table, row) for row in tx.connection.execute(statement).mappings()]
    found.sort(key=lambda one: (one.created_at, one.delivery_id), reverse=True)
    return found


def touched_between(
    tx: Tx, since: int, upto: int, *, reseller_id: int, limit: int
) -> tuple[int, list[int]]:
    """The deliveries attempted after one attempt's number and up to another's; up to which."""
    rows = tx.connection.execute(
        select(attempt.c.id, attempt.c.delivery_id)
        .where(attempt.c.id > since, attempt.c.id <= upto, attempt.c.reseller_id == reseller_id)
        .order_by(attempt.c.id)
        .limit(limit)
    ).all()
    end = rows[-1].id if len(rows) == limit else upto
    return end, list(dict.fromkeys(row.delivery_id for row in rows))


def _attempt_line(row: RowMapping) -> AttemptRow:
    return AttemptRow(
        number=row["number"],
        at=row["at"],
        ms=row["ms"],
        outcome=row["outcome"],
        status=row["status"],
        reason=row["reason"],
        message=messages.read_reason(row["message"], row["detail"], row["reason"]),
        note=messages.read_note(row["note"]),
        response=row["response"],
        state=State(row["state"]) if row["state"] else None,
        response_headers=json.loads(row["response_headers"]) if row["response_headers"] else None,
    )


def _unfinished(tx: Tx, query: PlannedQuery) -> list[LogLine]:
    if not query.with_pending:
        return []
    statement = _filtered(delivery, delivery.c.id, query)
    return [_line(delivery, row) for row in tx.connection.execute(statement).mappings()]


def _closed(tx: Tx, query: PlannedQuery) -> list[LogLine]:
    states = query.states - {State.PENDING}
    if query.states and not states:
        return []
    # An index is sorted within one state; several at once would have to be sorted.
    is_one = State.DELIVERED in states or not states or query.walks_actions
    together = [states] if is_one else [{one} for one in states]
    found = []
    for some in together:
        statement = _filtered(attempt, attempt.c.delivery_id, query)
        closed = closed_in(frozenset(some))
        closed = without_index(closed) if query.walks_actions else closed
        rows = tx.connection.execute(statement.where(closed)).mappings()
        found += [_line(attempt, row) for row in rows]
    return found


def _filtered(table: Table, number: ColumnElement[int], query: PlannedQuery) -> Select[Any]:
    statement = select(*_COLUMNS[table]).where(
        *indexed_conditions(table, query), *filter_conditions(table, query)
    )
    at = table.c.created_at
    if query.behind is not None:
        statement = statement.where(tuple_(at, number) < query.behind)
    if query.down_to is not None:
        statement = statement.where(tuple_(at, number) >= query.down_to)
    if not sorts(table, query):
        return statement.order_by(at.desc(), number.desc()).limit(query.limit)
    # What the index names is little: better sorted than sought along the whole log.
    return statement.order_by((at + 0).desc(), number.desc()).limit(query.limit)


def _line(table: Table, row: RowMapping) -> LogLine:
    open_ = table is delivery
    return LogLine(
        delivery_id=row["id"] if open_ else row["delivery_id"],
        event_id=row["event_id"],
        webhook_id=row["webhook_id"],
        resource=Resource(row["resource"]),
        action=Action(row["action"]),
        resource_uuid=row["resource_uuid"],
        version=row["version"],
        state=State.PENDING if open_ else State(row["state"]),
        created_at=row["created_at"],
        attempts=row["attempts"] if open_ else row["number"],
        replay_of=row["replay_of"],
        next_at=row["next_at"] if open_ else None,
        **({} if open_ else _last(row)),
    )


def _last(row: RowMapping) -> dict[str, Any]:
    return {
        "last_at": row["at"],
        "last_status": row["status"],
        "last_reason": row["reason"],
        "last_message": messages.read_reason(row["message"], row["detail"], row["reason"]),
    }


def with_last_attempts(tx: Tx, lines: list[LogLine]) -> list[LogLine]:
    """The same lines; of pending ones with what came of their newest attempt."""
    tried = [one.delivery_id for one in lines if one.state is State.PENDING and one.attempts]
    if not tried:
        return lines
    newest_of = (
        select(func.max(attempt.c.id))
        .where(attempt.c.delivery_id.in_(tried))
        .group_by(attempt.c.delivery_id)
    )
    newest = select(*_COLUMNS[attempt]).where(attempt.c.id.in_(newest_of))
    rows = tx.connection.execute(newest).mappings()
    last = {row["delivery_id"]: _last(row) for row in rows}
    return [replace(one, **last.get(one.delivery_id, {})) for one in lines]
