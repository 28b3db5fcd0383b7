"""Pending deliveries. due_scan.py reads the due ones, results.py writes their results."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery import Delivery, Trigger
from reseller_webhooks.core.messages.attempts import REPLACED, WEBHOOK_DELETED
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.store.db import bulk_read
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import number_in
from reseller_webhooks.store.deliveries import closing
from reseller_webhooks.store.records.events import MATCHES
from reseller_webhooks.store.tables import any_attempts, attempt, backfill, delivery, event, webhook

CHUNK = 500


def newest_by_webhook(tx: Tx, since: int) -> tuple[int, list[int]]:
    """The newest delivery's number, and the webhooks that got one numbered above `since`."""
    highest = newest(tx)
    if highest <= since:
        return since, []
    # Not the column itself: its index, which is sorted already, would be read from end to end.
    named = (delivery.c.webhook_id + 0).label("webhook_id")
    rows = tx.connection.execute(select(named).where(delivery.c.id > since).distinct())
    return highest, list(rows.scalars())


def newest(tx: Tx) -> int:
    """The highest id of an unfinished delivery, or 0."""
    return tx.connection.execute(select(func.max(delivery.c.id))).scalar() or 0


def above(tx: Tx, since: int, *, limit: int) -> list[tuple[int, Delivery]]:
    """Deliveries numbered above `since`, the lowest first, each with its partition."""
    rows = bulk_read.rows(tx, _ABOVE, {"since": since, "limit": limit})
    return [(part, Delivery(*fields)) for part, *fields in rows]


def due(tx: Tx, since: int, upto: int, *, limit: int) -> list[tuple[int, int]]:
    """Of the due ones numbered above `since` up to `upto`, the lowest: its webhook and number."""
    given = {"since": since, "upto": upto, "now": tx.now, "limit": limit}
    return [(webhook_id, number) for webhook_id, number in bulk_read.rows(tx, _DUE, given)]


def first_due(tx: Tx) -> dict[int, Micros]:
    """For each webhook that has unfinished deliveries, when the first is due."""
    # One look into the index for each webhook; grouped, a million deliveries would be read.
    first = select(func.min(delivery.c.next_at)).where(delivery.c.webhook_id == webhook.c.id)
    statement = select(webhook.c.id, first.scalar_subquery()).where(webhook.c.deleted_at.is_(None))
    rows = tx.connection.execute(statement).tuples()
    return {number: at for number, at in rows if at is not None}


def supersede(tx: Tx, event_ids: Sequence[int]) -> None:
    """Close what newer deliveries of these events replace.

    That is every older one where the webhook wants latest states, else only what a backfill has
    made: a state that is told once more is worth nothing when a newer one follows.
    """
    for start in range(0, len(event_ids), CHUNK):
        rows = tx.connection.execute(_OLDER, {"events": event_ids[start : start + CHUNK]})
        # An older state must not stay pending because its result is just being written.
        closing.close(tx, list(rows.scalars()), Trigger.SUPERSEDE, REPLACED, waits=True)


def supersede_between(tx: Tx, event_ids: Sequence[int], after: int, upto: int) -> None:
    """As `supersede`, for webhooks above `after` up to `upto`, whose deliveries were just made."""
    given = {"events": event_ids, "after": after, "upto": upto}
    rows = tx.connection.execute(_OLDER_BETWEEN, given)
    closing.close(tx, list(rows.scalars()), Trigger.SUPERSEDE, REPLACED, waits=True)


def cancel(tx: Tx, webhook_id: int, *, limit: int) -> int:
    """Close up to `limit` of a deleted webhook's deliveries; how many there were."""
    some = select(delivery.c.id).where(delivery.c.webhook_id == webhook_id).limit(limit)
    numbers = list(tx.connection.execute(some).scalars())
    return closing.close(tx, numbers, Trigger.CANCEL, WEBHOOK_DELETED)


def retry_now(tx: Tx, webhook_id: int, *, limit: int) -> int:
    """Make up to `limit` of a webhook's deliveries due that wait for a later time; how many.

    One whose result is just being written is left alone: it was tried a moment ago.
    """
    some = (
        select(delivery.c.id)
        .where(_waits(webhook_id, tx.now))
        .order_by(delivery.c.next_at)  # so that those which fail meanwhile come last
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = update(delivery).where(delivery.c.id.in_(some)).values(next_at=tx.now)
    tx.written.add(CommitEffects.DELIVERIES)
    return tx.connection.execute(statement).rowcount


def waiting_for_later(tx: Tx, webhook_id: int) -> int:
    """Number of a webhook's deliveries that `retry_now` would make due."""
    statement = select(func.count()).where(_waits(webhook_id, tx.now))
    return tx.connection.execute(statement).scalar_one()


def replay(tx: Tx, closed: Sequence[int], *, only_newest: bool = False) -> list[int]:
    """New deliveries of the same events to the same webhooks, for deliveries that are closed.

    Those whose event is past its retention, whose webhook was deleted, or that are being sent
    again already make none. only_newest: nor those that were sent again since, whatever came of
    it, nor those that a webhook for latest states would not want any more.
    """
    numbers = select(attempt.c.webhook_id).where(number_in(attempt.c.delivery_id, closed))
    # Whoever repeats the same at the same moment waits here, and then finds what was made.
    held = select(webhook.c.id).where(webhook.c.id.in_(numbers)).order_by(webhook.c.id)
    tx.connection.execute(held.with_for_update(key_share=True)).all()
    from_log = (
        select(*_replayed(tx.now))
        .join_from(attempt, webhook, webhook.c.id == attempt.c.webhook_id)
        .join(event, event.c.id == attempt.c.event_id)
        .where(
            number_in(attempt.c.delivery_id, closed),
            attempt.c.state.is_not(None),
            webhook.c.deleted_at.is_(None),
            _IS_NOT_PENDING_AGAIN,
        )
    )
    if only_newest:
        from_log = from_log.where(_WAS_NOT_SENT_AGAIN, or_(~LATEST_ONLY, ~_IS_OUTDATED))
    statement = insert(delivery).from_select(_REPLAY_COLUMNS, from_log)
    tx.written.add(CommitEffects.DELIVERIES)
    return list(tx.connection.execute(statement.returning(delivery.c.id)).scalars())


_ABOVE = (
    select(delivery.c.part, *(delivery.c[name] for name in Delivery._fields))
    .where(delivery.c.id > bindparam("since"))
    .order_by(delivery.c.id)
    .limit(bindparam("limit"))
)
_DUE = (
    select(delivery.c.webhook_id, delivery.c.id)
    .where(delivery.c.id > bindparam("since"), delivery.c.id <= bindparam("upto"))
    .where(delivery.c.next_at <= bindparam("now"))
    .order_by(delivery.c.id)
    .limit(bindparam("limit"))
)
_again, _later, _newest = delivery.alias(), attempt.alias(), event.alias()
_SENT_AGAIN = (
    # By its resource: an event may have thousands of pending deliveries, one of each webhook.
    _again.c.webhook_id == attempt.c.webhook_id,
    any_attempts(_again),
    _again.c.resource_uuid == attempt.c.resource_uuid,
    _again.c.version == attempt.c.version,
    (_again.c.event_id + 0) == attempt.c.event_id,
)
_WAS_SENT_AGAIN = (
    _later.c.event_id == attempt.c.event_id,
    _later.c.webhook_id == attempt.c.webhook_id,
    _later.c.delivery_id > attempt.c.delivery_id,
    _later.c.id > attempt.c.id,  # says nothing more, but on PostgreSQL which days to look at
    _later.c.state.is_not(None),
    # A later one is always a retry; the index of those is small.
    _later.c.replay_of.is_not(None),
)
# Not EXISTS, for which PostgreSQL may read each table whole.
_IS_NOT_PENDING_AGAIN = select(_again.c.id).where(*_SENT_AGAIN).limit(1).scalar_subquery().is_(None)
_WAS_NOT_SENT_AGAIN = (
    select(_later.c.id).where(*_WAS_SENT_AGAIN).limit(1).scalar_subquery().is_(None)
)
IS_LAST = and_(_IS_NOT_PENDING_AGAIN, _WAS_NOT_SENT_AGAIN)
"""Condition: no later delivery has the same event and webhook as a row of attempt."""
_IS_OUTDATED = exists().where(
    _newest.c.reseller_id == attempt.c.reseller_id,
    _newest.c.resource == attempt.c.resource,
    _newest.c.resource_uuid == attempt.c.resource_uuid,
    _newest.c.version > attempt.c.version,
    _newest.c.ticked.bitwise_and(webhook.c.actions) != 0,
)
_newer, _older_event = delivery.alias("newer"), event.alias("older_event")
LATEST_ONLY = webhook.c.mode == Mode.LATEST_STATE.value
"""Condition: a newer delivery of the webhook replaces an older delivery of the same resource."""


def _older_than(newer: FromClause) -> ColumnElement[bool]:
    """Condition: a delivery to the webhook is of an earlier version of the record."""
    return (
        (delivery.c.webhook_id == webhook.c.id)
        & any_attempts(delivery)
        & (delivery.c.resource_uuid == newer.c.resource_uuid)
        & (delivery.c.version < newer.c.version)
    )


MAY_REPLACE = or_(LATEST_ONLY, webhook.c.id.in_(select(backfill.c.webhook_id)))
"""True of webhooks whose newer deliveries may replace older ones: of few, so that mostly nothing
is looked at."""
_IS_SUPERSEDED = and_(
    MAY_REPLACE,
    or_(
        LATEST_ONLY,
        exists().where(
            _older_event.c.id == delivery.c.event_id,
            _older_event.c.ticked == 0,  # see core/sync/backfills.restate
        ),
    ),
)
_OLDER = (
    select(delivery.c.id)
    .join_from(_newer, webhook, webhook.c.id == _newer.c.webhook_id)
    .join(delivery, _older_than(_newer))
    .where(number_in(_newer.c.event_id, "events"), _IS_SUPERSEDED)
    .distinct()
)
_OLDER_BETWEEN = (
    select(delivery.c.id)
    .select_from(event)
    .join(
        webhook,
        MATCHES & (webhook.c.id > bindparam("after")) & (webhook.c.id <= bindparam("upto")),
    )
    .join(delivery, _older_than(event))
    .where(event.c.id.in_(bindparam("events", expanding=True)), _IS_SUPERSEDED)
    .distinct()
)


_REPLAY_COLUMNS = [
    "event_id", "webhook_id", "reseller_id", "resource", "action", "resource_uuid", "version",
    "part", "attempts", "created_at", "next_at", "replay_of",
]  # fmt: skip


def _waits(webhook_id: int, now: Micros) -> ColumnElement[bool]:
    return (delivery.c.webhook_id == webhook_id) & (delivery.c.next_at > now)


def _replayed(now: Micros) -> list[ColumnElement[Any]]:
    return [
        *(attempt.c[name] for name in _REPLAY_COLUMNS[:7]),
        webhook.c.part,
        literal(0),
        literal(now, BigInteger),
        literal(now, BigInteger),
        attempt.c.delivery_id,
    ]
