"""Scan for due deliveries: one statement for many webhooks, each with its own bound."""

from bisect import bisect_right
from collections.abc import Callable, Container, Sequence
from itertools import takewhile
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    exists,
    func,
    select,
    tuple_,
)

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery import FIRST, Delivery, ScanPosition, ScanRequest
from reseller_webhooks.store.db import bulk_read
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.driver import Row
from reseller_webhooks.store.tables import any_attempts, delivery

WEBHOOKS_A_STATEMENT = 128
_USED = ("id", "webhook_id", "next_at")
_ID, _WEBHOOK, _NEXT_AT = map(Delivery._fields.index, _USED)
_place: Callable[[Row], ScanPosition] = itemgetter(_NEXT_AT, _ID)


class DueRows(NamedTuple):
    """The result of a scan.

    due: those that are, first due first, without those that are held. later: when the first of
    the others will be, as far as any was seen. upto: the last place that was due, held or not.
    full: there may be more.
    """

    due: list[Delivery]
    later: Micros | None
    upto: ScanPosition
    full: bool

    def with_events(self, ask: ScanRequest, events: Container[int]) -> "DueRows":
        """The first deliveries of these events; the next scan begins behind them."""
        fitting = list(takewhile(lambda one: one.event_id in events, self.due))
        if len(fitting) == len(self.due):
            return self
        upto = (fitting[-1].next_at, fitting[-1].id) if fitting else ask.after
        return DueRows(fitting, None, upto, full=True)


def scan(tx: Tx, asks: Sequence[ScanRequest], *, heads_only: bool) -> list[DueRows]:
    """For each ask, deliveries in the sequence in which they are due.

    heads_only: asks that all want heads of a resource only, or none of them does.
    """
    statement = _HEADS_DUE if heads_only else _DUE
    found: dict[int, list[Row]] = {ask.webhook_id: [] for ask in asks}
    for start in range(0, len(asks), WEBHOOKS_A_STATEMENT):
        some = asks[start : start + WEBHOOKS_A_STATEMENT]
        for row in bulk_read.select_each(tx, statement, [_parameters(ask, tx.now) for ask in some]):
            found[row[_WEBHOOK]].append(row)
    return [_rows(ask, found[ask.webhook_id], tx.now) for ask in asks]


def _parameters(ask: ScanRequest, now: Micros) -> dict[str, int]:
    next_at, number = ask.after
    return {
        "webhook": ask.webhook_id,
        "next_at": next_at,
        "number": number,
        "now": now,
        "limit": _limit(ask),
    }


def _limit(ask: ScanRequest) -> int:
    # Those that are held are still in the table, and may all lie before what is new.
    return ask.limit + len(ask.held) if ask.after == FIRST else ask.limit


def _rows(ask: ScanRequest, found: list[Row], now: Micros) -> DueRows:
    found.sort(key=_place)
    end = bisect_right(found, (now, inf), key=_place)
    # Most of what a busy webhook's first scan finds is held: only the others become deliveries.
    due = [Delivery(*row) for row in found[:end] if row[_ID] not in ask.held]
    later = next((row[_NEXT_AT] for row in found[end:] if row[_ID] not in ask.held), None)
    upto = _place(found[end - 1]) if end else ask.after
    return DueRows(due, later, upto, len(found) == _limit(ask))


def _mine(name: str) -> BindParameter[int]:
    return bindparam(name + bulk_read.MARK, type_=BigInteger)


def _asking(*, heads_only: bool) -> Select[Any]:
    """Statement for the due deliveries and the first due time of the others, which may be a
    million."""
    its = delivery.c.webhook_id == _mine("webhook")
    behind = tuple_(delivery.c.next_at, delivery.c.id) > tuple_(_mine("next_at"), _mine("number"))
    rest = delivery.alias("rest")
    # Not the least of all: where heads are sought, PostgreSQL would look at each of the rest.
    first = (
        select(rest.c.next_at)
        .where(rest.c.webhook_id == _mine("webhook"), rest.c.next_at > _mine("now"))
        .order_by(rest.c.next_at)
        .limit(1)
    )
    statement = select(*(delivery.c[name] for name in Delivery._fields)).where(its, behind)
    if heads_only:
        first, statement = first.where(_is_head(rest)), statement.where(_is_head(delivery))
    upto = func.coalesce(first.scalar_subquery(), _mine("now"))
    return (
        statement.where(delivery.c.next_at <= upto)
        .order_by(delivery.c.next_at, delivery.c.id)
        .limit(_mine("limit"))
    )


def _is_head(table: FromClause) -> ColumnElement[bool]:
    """Condition: no older version of the resource waits before the delivery."""
    earlier = delivery.alias("earlier")
    return ~exists().where(
        earlier.c.webhook_id == table.c.webhook_id,
        any_attempts(earlier),
        earlier.c.resource_uuid == table.c.resource_uuid,
        earlier.c.version < table.c.version,
    )


_DUE, _HEADS_DUE = _asking(heads_only=False), _asking(heads_only=True)
