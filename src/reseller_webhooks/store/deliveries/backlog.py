"""Deliveries that are due: how many, and since when the oldest. The cost is bounded.

A delivery is due when its time has come, its webhook is active, and the circuit of that webhook is
closed. One that is being sent is due until its result is written. The oldest is sought among those
that may be sent: of an ordered webhook, not behind an earlier version of the same record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    select,
    true,
)

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery_stats import BACKLOG_COUNTED_MAX
from reseller_webhooks.core.webhooks.webhook import WebhookState
from reseller_webhooks.store.db import bulk_read
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import any_attempts, delivery, reseller, webhook

FIRST_COUNT = 1_000
"""Of each webhook, so that many webhooks with a few due deliveries cost few statements."""
WEBHOOKS_PER_STATEMENT = 128
HEADS_SEARCHED = 1_000
"""Due deliveries of an ordered webhook that are searched for one that may be sent."""


@dataclass(frozen=True, slots=True)
class OldestDue:
    """The delivery that has been due longest."""

    due_at: Micros
    webhook: str
    url: str
    reseller: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that wait. due and pending: at most BACKLOG_COUNTED_MAX each."""

    due: int
    pending: int
    oldest: OldestDue | None

    @property
    def is_capped(self) -> bool:
        """True if more deliveries are due than were counted."""
        return self.due >= BACKLOG_COUNTED_MAX


def backlog(tx: Tx, *, counted_max: int = BACKLOG_COUNTED_MAX) -> Backlog:
    """The deliveries that wait now, counted up to a bound."""
    webhooks = tx.connection.execute(_FIRST_DUE, {"now": tx.now}).all()
    due = _count(tx, [row.id for row in webhooks], counted_max)
    pending = tx.connection.execute(_PENDING, {"most": counted_max}).scalar_one()
    return Backlog(due, pending, _oldest(tx, webhooks))


def _oldest(tx: Tx, webhooks: Sequence[Any]) -> OldestDue | None:
    rows = [row for row in webhooks if not row.ordered]
    if len(rows) < len(webhooks):
        rows += tx.connection.execute(_FIRST_HEAD_DUE, {"now": tx.now}).all()
    if not rows:
        return None
    oldest = min(rows, key=lambda row: row.due_at)
    row = tx.connection.execute(_NAMES, {"id": oldest.id}).one()
    return OldestDue(oldest.due_at, row.uuid, row.url, row.name)


def _count(tx: Tx, webhook_ids: Sequence[int], most: int) -> int:
    """Count a few deliveries of every webhook first, then the rest of webhooks with more."""
    total, longer = 0, []
    for start in range(0, len(webhook_ids), WEBHOOKS_PER_STATEMENT):
        counts = _counts(tx, webhook_ids[start : start + WEBHOOKS_PER_STATEMENT], FIRST_COUNT)
        total += sum(counts.values())
        longer += [number for number, count in counts.items() if count == FIRST_COUNT]
        if total >= most:
            return most
    for number in longer:
        counts = _counts(tx, [number], FIRST_COUNT + most - total)
        total += counts[number] - FIRST_COUNT
        if total >= most:
            return most
    return total


def _counts(tx: Tx, webhook_ids: Sequence[int], limit: int) -> dict[int, int]:
    asks = [{"webhook": number, "now": tx.now, "limit": limit} for number in webhook_ids]
    rows = bulk_read.select_each(tx, _COUNT, asks)
    return {number: count for number, count in rows if number != bulk_read.NOBODY}


def _first_due(*, heads: bool) -> Select[Any]:
    """Webhooks that are sent to and have due deliveries, and since when.

    heads: only of ordered webhooks, and of deliveries with no earlier version before them.
    """
    due = _heads_due() if heads else select(delivery.c.next_at).where(_is_due())
    first = due.order_by("next_at").limit(1).correlate(webhook).scalar_subquery()
    is_sent_to = (
        webhook.c.deleted_at.is_(None)
        & (webhook.c.state == WebhookState.ACTIVE.value)
        & (webhook.c.circuit != "OPEN")
        & (webhook.c.ordered.is_(True) if heads else true())
    )
    columns = (webhook.c.id, webhook.c.ordered, first.label("due_at"))
    found = select(*columns).where(is_sent_to).subquery()
    return select(found).where(found.c.due_at.is_not(None))


def _is_due() -> ColumnElement[bool]:
    now = bindparam("now", type_=BigInteger)
    return (delivery.c.webhook_id == webhook.c.id) & (delivery.c.next_at <= now)


def _heads_due() -> Select[Any]:
    columns = (delivery.c.next_at, delivery.c.resource_uuid, delivery.c.version)
    due = select(*columns).where(_is_due()).order_by(delivery.c.next_at, delivery.c.id)
    some = due.limit(HEADS_SEARCHED).correlate(webhook).subquery()
    earlier = delivery.alias("earlier")
    waits_behind = exists().where(
        earlier.c.webhook_id == webhook.c.id,
        any_attempts(earlier),
        earlier.c.resource_uuid == some.c.resource_uuid,
        earlier.c.version < some.c.version,
    )
    return select(some.c.next_at).where(~waits_behind.correlate(some, webhook))


def _counting() -> Select[Any]:
    number, now, limit = (
        bindparam(name + bulk_read.MARK, type_=BigInteger) for name in ("webhook", "now", "limit")
    )
    due = select(delivery.c.id).where(delivery.c.webhook_id == number, delivery.c.next_at <= now)
    count = select(func.count()).select_from(due.limit(limit).subquery()).scalar_subquery()
    return select(number.label("webhook_id"), count.label("due"))


_FIRST_DUE, _FIRST_HEAD_DUE = _first_due(heads=False), _first_due(heads=True)
_COUNT = _counting()
_PENDING = select(func.count()).select_from(
    select(delivery.c.id).limit(bindparam("most", type_=BigInteger)).subquery()
)
_NAMES = (
    select(webhook.c.uuid, webhook.c.url, reseller.c.name)
    .join(reseller, reseller.c.id == webhook.c.reseller_id)
    .where(webhook.c.id == bindparam("id"))
)
