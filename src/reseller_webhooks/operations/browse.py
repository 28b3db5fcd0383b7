"""Looking through the records: a list, one with its history, and who has it as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reseller_webhooks.core import standing
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.core.events import Event
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.records import Record
from reseller_webhooks.core.standing import Stands, Told
from reseller_webhooks.store import browse as store
from reseller_webhooks.store import events, log, webhooks
from reseller_webhooks.store.database import Database, Tx
from reseller_webhooks.store.log import Line
from reseller_webhooks.store.log_query import LogQuery
from reseller_webhooks.store.webhooks import WebhookRow

DELIVERIES_MAX = 1_000
"""Of a record, the newest, that are looked at to tell how it stands."""
WEBHOOKS_MAX = 100


@dataclass(frozen=True, slots=True)
class Stance:
    """How a record stands with a webhook. line: the delivery that says why, if there is one."""

    webhook: WebhookRow
    stands: Stands
    line: Line | None


@dataclass(frozen=True, slots=True)
class Version:
    """A change of the record, and what came of telling it. before: the change before, if kept."""

    event: Event
    before: Event | None
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Look:
    """All there is to see of a record. urls: of webhooks, by the store's number.

    older: the version from below which more are kept, None at the end.
    """

    record: Record
    stances: Sequence[Stance]
    versions: Sequence[Version]
    older: int | None
    urls: dict[int, str]


def page(
    database: Database, resource: Resource, *, reseller_id: int, behind: int | None, limit: int
) -> list[Record]:
    """Records of one resource, newest first, from behind the store's number `behind`."""
    with database.read() as tx:
        return store.page(tx, resource, reseller_id=reseller_id, behind=behind, limit=limit)


def called(database: Database, uuid: str, *, reseller_id: int) -> list[Record]:
    """The records with this id, removed ones too."""
    with database.read() as tx:
        return store.called(tx, uuid, reseller_id=reseller_id)


def look(
    database: Database,
    resource: Resource,
    uuid: str,
    *,
    reseller_id: int,
    before: int | None = None,
    limit: int = 20,
) -> Look:
    """One record, with up to `limit` versions from below `before`."""
    with database.read() as tx:
        found = [
            one
            for one in store.called(tx, uuid, reseller_id=reseller_id)
            if one.resource is resource
        ]
        if not found:
            raise NotFound(resource.label, uuid)
        query = LogQuery(reseller_id, resource=resource, resource_uuid=uuid, limit=DELIVERIES_MAX)
        lines = log.page(tx, query)
        some = events.of_resource(
            tx, resource, uuid, reseller_id=reseller_id, before=before, limit=limit + 1
        )
        names = webhooks.names(tx, {line.webhook_id for line in lines})
        return Look(
            found[0],
            _stances(tx, found[0], lines),
            _versions(tx, some, lines)[:limit],
            some[limit - 1].version if len(some) > limit else None,
            {number: url for number, (_, url) in names.items()},
        )


def _stances(tx: Tx, record: Record, lines: Sequence[Line]) -> list[Stance]:
    uuids = store.webhooks_about(
        tx, record.resource, reseller_id=record.reseller_id, limit=WEBHOOKS_MAX
    )
    rows = [webhooks.by_uuid(tx, uuid, reseller_id=record.reseller_id) for uuid in uuids]
    return [_stance(record, row, lines) for row in rows if row]


def _stance(record: Record, row: WebhookRow, lines: Sequence[Line]) -> Stance:
    own = [line for line in lines if line.webhook_id == row.id]
    told = [Told(line.version, line.state, line.attempts) for line in own]
    stands = standing.of(record.version, told)
    return Stance(row, stands, None if stands.about is None else own[stands.about])


def _versions(tx: Tx, some: Sequence[Event], lines: Sequence[Line]) -> list[Version]:
    uuids = log.event_uuids(tx, {line.event_id for line in lines})
    by_event: dict[str, list[Line]] = {}
    for line in lines:
        by_event.setdefault(uuids.get(line.event_id, ""), []).append(line)
    return [
        Version(one, before, by_event.get(one.uuid, []))
        for one, before in zip_longest(some, some[1:])
    ]
