"""The deliveries of one record: those that decide its state with a webhook, and those of each
version.

A webhook's state takes its newest pending delivery, and its closed ones down to the newest that was
accepted. Pending ones have an index by webhook and record. Closed ones are found by the record's
events, the newest version first, until every webhook has accepted one or LINES_MAX were looked at.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, select, tuple_

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.records.record import RecordKey
from reseller_webhooks.store.db import bulk_read, day_partitions
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.list_conditions import number_in
from reseller_webhooks.store.tables import any_attempts, attempt, delivery, event, webhook

LINES_MAX = 100_000
"""Closed deliveries that are read for the states of one page of webhooks: about 0.15 s."""
EVENTS_AT_ONCE = (8, 64, 512)
"""Events whose deliveries are read in one statement: few at first, as few mostly suffice."""
BEFORE_ALL = (2**63 - 1, 0)
"""A version and number that no event has, before all of them."""
LINES_COUNTED = 100
"""Deliveries of one version that are counted; more are only known to be more."""


class RecordDelivery(NamedTuple):
    """A delivery of the record to a webhook. attempts: made so far."""

    webhook_id: int
    delivery_id: int
    version: int
    state: State
    attempts: int


@dataclass(frozen=True, slots=True)
class Closed:
    """Of each webhook its newest delivery in each state, down to the newest accepted one.

    cut_at: the version down to which events were read, None when that was enough. A webhook that
    has accepted none of them may have older deliveries.
    """

    deliveries: Sequence[RecordDelivery]
    cut_at: int | None = None


@dataclass(frozen=True, slots=True)
class VersionDeliveries:
    """The newest deliveries of a version, and how many there are, at most LINES_COUNTED + 1."""

    delivery_ids: Sequence[int]
    count: int


def newest_pending(tx: Tx, record: RecordKey, webhook_ids: Collection[int]) -> list[RecordDelivery]:
    """Of each webhook the pending delivery of the record's newest version."""
    newest = (
        select(delivery.c.id)
        .where(
            delivery.c.webhook_id == webhook.c.id,
            any_attempts(delivery),
            delivery.c.resource_uuid == record.uuid,
            delivery.c.resource == record.resource.value,
        )
        .order_by(delivery.c.version.desc(), delivery.c.id.desc())
        .limit(1)
        .correlate(webhook)
    )
    of_webhooks = select(newest.scalar_subquery()).where(webhook.c.id.in_(webhook_ids))
    numbers = [one for one in tx.connection.execute(of_webhooks).scalars() if one is not None]
    c = delivery.c
    rows = tx.connection.execute(
        select(c.webhook_id, c.id, c.version, c.attempts).where(c.id.in_(numbers))
    )
    return [
        RecordDelivery(row.webhook_id, row.id, row.version, State.PENDING, row.attempts)
        for row in rows
    ]


def closed(tx: Tx, record: RecordKey, webhook_ids: Collection[int], *, receivers: int) -> Closed:
    """The closed deliveries that decide a record's state with each webhook.

    receivers: the webhooks that an event of the record goes to, which bounds how many are read.
    """
    found: dict[tuple[int, State], RecordDelivery] = {}
    undecided, behind, read = set(webhook_ids), BEFORE_ALL, 0
    most = max(LINES_MAX // max(receivers, 1), EVENTS_AT_ONCE[0])
    for size in (min(one, most) for one in chain(EVENTS_AT_ONCE, repeat(EVENTS_AT_ONCE[-1]))):
        if not undecided:
            break
        events = _events(tx, record, behind=behind, limit=size)
        for one in _closed_by_events(tx, [each.id for each in events], undecided):
            found.setdefault((one.webhook_id, one.state), one)
        undecided -= {number for number, state in found if state is State.DELIVERED}
        if len(events) < size:
            break
        behind = (events[-1].version, events[-1].id)
        read += sum(1 if one.is_restated else receivers for one in events)
        if read >= LINES_MAX:
            return Closed(list(found.values()), behind[0])
    return Closed(list(found.values()))


def by_version(
    tx: Tx, record: RecordKey, versions: Sequence[int], *, shown: int
) -> dict[int, VersionDeliveries]:
    """The newest deliveries of each version, up to `shown` of each."""
    found = {}
    for version in versions:
        events = _events(
            tx, record, behind=(version + 1, 0), least=version, limit=LINES_COUNTED + 1
        )
        numbers = _newest_deliveries(tx, [one.id for one in events])
        found[version] = VersionDeliveries(numbers[:shown], len(numbers))
    return found


class _Event(NamedTuple):
    """is_restated: made by a backfill for one webhook alone (core/sync/backfills.restate)."""

    version: int
    id: int
    is_restated: bool


def _events(
    tx: Tx,
    record: RecordKey,
    *,
    behind: tuple[int, int] = BEFORE_ALL,
    least: int = 0,
    limit: int,
) -> list[_Event]:
    """Events, the newest version first.

    behind: the version and number of an event that comes before them. least: their least version.
    """
    version, number = behind
    given = {
        "reseller": record.reseller_id,
        "resource": record.resource.value,
        "uuid": record.uuid,
        "version": version,
        "number": number,
        "least": least,
        "limit": limit,
    }
    rows = bulk_read.rows(tx, _EVENTS, given)
    return [_Event(version, number, ticked == 0) for version, number, ticked in rows]


_EVENTS = (
    select(event.c.version, event.c.id, event.c.ticked)
    .where(
        event.c.reseller_id == bindparam("reseller"),
        event.c.resource == bindparam("resource"),
        event.c.resource_uuid == bindparam("uuid"),
        event.c.version >= bindparam("least"),
        tuple_(event.c.version, event.c.id) < tuple_(bindparam("version"), bindparam("number")),
    )
    .order_by(event.c.version.desc(), event.c.id.desc())
    .limit(bindparam("limit"))
)


def _closed_by_events(
    tx: Tx, event_ids: Sequence[int], webhook_ids: Collection[int]
) -> list[RecordDelivery]:
    """The closed deliveries of these events to these webhooks, the newest version first."""
    if not event_ids:
        return []
    c = attempt.c
    # A sum has no index of its own: the events name fewer rows than the webhooks.
    to_webhooks = (c.webhook_id + 0).in_(webhook_ids)
    statement = (
        select(c.webhook_id, c.delivery_id, c.version, c.state, c.number)
        .where(*_closing(event_ids), to_webhooks)
        .order_by(c.version.desc(), c.delivery_id.desc())
    )
    return [
        RecordDelivery(row.webhook_id, row.delivery_id, row.version, State(row.state), row.number)
        for row in tx.connection.execute(statement)
    ]


def _newest_deliveries(tx: Tx, event_ids: Sequence[int]) -> list[int]:
    """The newest deliveries of these events, open or closed, up to LINES_COUNTED + 1."""
    if not event_ids:
        return []
    queries = (
        select(delivery.c.created_at, delivery.c.id).where(
            number_in(delivery.c.event_id, event_ids)
        ),
        select(attempt.c.created_at, attempt.c.delivery_id).where(*_closing(event_ids)),
    )
    found: list[tuple[int, int]] = []
    for query in queries:
        newest = query.order_by(query.selected_columns[0].desc(), query.selected_columns[1].desc())
        rows = tx.connection.execute(newest.limit(LINES_COUNTED + 1))
        found += [(row[0], row[1]) for row in rows]
    return [number for _, number in sorted(found, reverse=True)[: LINES_COUNTED + 1]]


def _closing(event_ids: Sequence[int]) -> list[ColumnElement[bool]]:
    """The attempts that closed deliveries of these events."""
    return [
        number_in(attempt.c.event_id, event_ids),
        attempt.c.state.is_not(None),
        attempt.c.id >= day_partitions.since_day_of(min(event_ids)),
    ]
