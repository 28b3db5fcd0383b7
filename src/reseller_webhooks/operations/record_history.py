"""Records for their pages: the list, the history of each, and its state with each webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogLine
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.page import BoundedPage, RecordPage
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.sync import sync_status
from reseller_webhooks.core.sync.sync_status import LastDelivery, RecordStatus
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import fan_out, log, record_deliveries
from reseller_webhooks.store.deliveries.record_deliveries import LINES_COUNTED, RecordDelivery
from reseller_webhooks.store.records import events, record_history, records
from reseller_webhooks.store.webhooks import webhooks

LINES_SHOWN = 10
"""Deliveries of one version."""


@dataclass(frozen=True, slots=True)
class WebhookRecordStatus:
    """The state of a record with a webhook. line: the delivery that explains it, if there is one.

    tried: the version that explains it, also while its delivery is still to be made.
    cut_at: set when no accepted delivery was found down to this version and older ones were not
    looked at.
    """

    webhook: WebhookRow
    stands: RecordStatus
    line: LogLine | None
    tried: int | None = None
    cut_at: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the record, and what came of telling it.

    before: the first event of the version before, if kept. lines: its newest deliveries. count: of
    all of them, more than LINES_COUNTED for any number above.
    """

    event: Event
    before: Event | None
    lines: Sequence[LogLine]
    count: int

    @property
    def left_out(self) -> int:
        """Deliveries that are counted and not shown."""
        return min(self.count, LINES_COUNTED) - len(self.lines)

    @property
    def has_more(self) -> bool:
        """True if there are more deliveries than were counted."""
        return self.count > LINES_COUNTED


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """All there is to see of a record. urls: of webhooks, by the store's number.

    webhooks: how many are for its resource, of which `stances` is a page. older: the version from
    below which more are kept, None at the end.
    """

    record: Record
    stances: Sequence[WebhookRecordStatus]
    webhooks: int
    versions: Sequence[Version]
    older: int | None
    urls: dict[int, str]


def page(
    database: Database, resource: Resource, *, reseller_id: int, behind: int | None, limit: int
) -> RecordPage:
    """Records of one resource, newest first, from behind the store's number `behind`."""
    with database.read() as tx:
        return records.bounded(
            lambda after, rows: record_history.page(
                tx, resource, reseller_id=reseller_id, behind=after, limit=rows
            ),
            behind,
            limit=limit,
        )


def find_by_id(database: Database, uuid: str, *, reseller_id: int) -> list[Record]:
    """The records with this id, removed ones too."""
    with database.read() as tx:
        return record_history.called(tx, uuid, reseller_id=reseller_id)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of a record's page: versions from below `before`, webhooks from `skip` on."""

    before: int | None = None
    versions: int = 20
    skip: int = 0
    webhooks: int = 50


def history(
    database: Database, resource: Resource, uuid: str, *, reseller_id: int, part: HistoryPage
) -> RecordHistory:
    """One record, with a part of its versions and of the webhooks that it is for."""
    with database.read() as tx:
        record = _record(tx, resource, uuid, reseller_id)
        key = RecordKey(uuid, resource, reseller_id)
        count = webhooks.count_of_resource(tx, resource, reseller_id=reseller_id)
        some = events.of_versions(
            tx,
            resource,
            uuid,
            reseller_id=reseller_id,
            before=part.before,
            limit=part.versions + 1,
        )
        versions = _versions(tx, key, some.rows)[: _count_to_show(some, part.versions)]
        shown = {line.webhook_id for version in versions for line in version.lines}
        return RecordHistory(
            record,
            _stances(tx, record, key, part, count),
            count,
            versions,
            versions[-1].event.version if len(versions) < len(some.rows) or some.has_more else None,
            {number: url for number, (_, url) in webhooks.names(tx, shown).items()},
        )


def _count_to_show(some: BoundedPage[Event], limit: int) -> int:
    """The number of versions to show; one more is read, to compare the last one with."""
    has_spare = len(some.rows) > limit or (some.has_more and len(some.rows) > 1)
    return len(some.rows) - has_spare


def _record(tx: Tx, resource: Resource, uuid: str, reseller_id: int) -> Record:
    found = record_history.called(tx, uuid, reseller_id=reseller_id)
    for one in found:
        if one.resource is resource:
            return one
    raise NotFound(resource.label, uuid)


def _stances(
    tx: Tx, record: Record, key: RecordKey, part: HistoryPage, count: int
) -> list[WebhookRecordStatus]:
    rows = webhooks.by_resource(
        tx, key.resource, reseller_id=key.reseller_id, skip=part.skip, limit=part.webhooks
    )
    numbers = [row.id for row in rows]
    pending = record_deliveries.newest_pending(tx, key, numbers)
    closed = record_deliveries.closed(tx, key, numbers, receivers=count)
    by_webhook: dict[int, list[RecordDelivery]] = {number: [] for number in numbers}
    for one in (*pending, *_to_be_made(tx, key, numbers), *closed.deliveries):
        by_webhook[one.webhook_id].append(one)
    found = {number: _stands(record.version, told) for number, told in by_webhook.items()}
    lines = _lines(tx, [about.delivery_id for _, about in found.values() if about], key)
    return [_stance(row, *found[row.id], lines, closed.cut_at) for row in rows]


def _to_be_made(tx: Tx, key: RecordKey, webhook_ids: Sequence[int]) -> list[RecordDelivery]:
    """The deliveries that steps of a fan-out are still to make: they wait, and have no number."""
    return [
        RecordDelivery(webhook_id, 0, version, State.PENDING, 0)
        for webhook_id, version in fan_out.newest_of_record(tx, key, webhook_ids)
    ]


def _stands(
    version: int, deliveries: Sequence[RecordDelivery]
) -> tuple[RecordStatus, RecordDelivery | None]:
    told = [LastDelivery(one.version, one.state, one.attempts) for one in deliveries]
    stands = sync_status.record_status(version, told)
    return stands, None if stands.about is None else deliveries[stands.about]


def _stance(
    row: WebhookRow,
    stands: RecordStatus,
    about: RecordDelivery | None,
    lines: dict[int, LogLine],
    cut_at: int | None,
) -> WebhookRecordStatus:
    line = lines.get(about.delivery_id) if about else None
    tried = about.version if about else None
    return WebhookRecordStatus(row, stands, line, tried, None if stands.accepted else cut_at)


def _versions(tx: Tx, key: RecordKey, some: Sequence[Event]) -> list[Version]:
    found = record_deliveries.by_version(tx, key, [one.version for one in some], shown=LINES_SHOWN)
    numbers = [number for one in found.values() for number in one.delivery_ids]
    lines = _lines(tx, numbers, key)
    return [
        Version(
            one,
            before,
            [lines[number] for number in found[one.version].delivery_ids if number in lines],
            found[one.version].count,
        )
        for one, before in zip_longest(some, some[1:])
    ]


def _lines(tx: Tx, numbers: Sequence[int], key: RecordKey) -> dict[int, LogLine]:
    found = log.lines(tx, numbers, reseller_id=key.reseller_id)
    return {line.delivery_id: line for line in log.with_last_attempts(tx, found)}
