"""Writes the records, digests, events, deliveries and answers of a transaction of changes."""

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.sync.digests import Bucket
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries import deliveries, fan_out
from reseller_webhooks.store.deliveries.fan_out import FanOutObstacles
from reseller_webhooks.store.records import digests, events, idempotency, records
from reseller_webhooks.store.records.digests import DigestBuckets
from reseller_webhooks.store.records.idempotency import StoredAnswer

HANDED_MAX = 256
"""Deliveries that are handed to the engine after the commit; more are better scanned for."""


@dataclass(slots=True)
class Draft:
    """The rows that the transaction will write, after the requests that were applied so far.

    digests: the buckets of the records that requests name. obstacles: of their fan-out.
    webhooks: how many each reseller has. events: each with whether its request is too large to
    fan out in this transaction.
    """

    public_url: str
    floor: int
    version_floors: Mapping[int, int]
    reseller_ids: dict[str, int]
    records: MutableMapping[RecordKey, Record | None]
    digests: DigestBuckets
    obstacles: FanOutObstacles
    given: MutableMapping[str, StoredAnswer]
    webhooks: Mapping[int, int]
    events: list[tuple[Event, bool]] = field(default_factory=list)
    answers: list[tuple[str, StoredAnswer]] = field(default_factory=list)

    @property
    def has_only_new_deliveries(self) -> bool:
        """True if all deliveries are made in this transaction, and none is replaced."""
        is_free = not self.obstacles.any_pending and not self.obstacles.any_replaced
        return (
            is_free
            and len({event.resource_uuid for event, _ in self.events}) == len(self.events)
            and not any(is_large for _, is_large in self.events)
        )


class TombstoneGone(Exception):
    """A tombstone was deleted between the read of its floor and the read of the records."""


def write(tx: Tx, draft: Draft, before: Mapping[RecordKey, Record | None]) -> None:
    """Write a draft. before: the records as they were."""
    changed = [one for key, one in draft.records.items() if one and one is not before.get(key)]
    _count(tx, changed, before, draft)
    records.add(tx, [one for one in changed if one.id is None])
    records.replace(tx, [one for one in changed if one.id is not None])
    idempotency.keep(tx, draft.answers)
    if draft.has_only_new_deliveries:
        made = [event for event, _ in draft.events]
        most = sum(draft.webhooks[event.reseller_id] for event in made)
        events.add_and_fan_out(tx, made, hands_over=most <= HANDED_MAX)
    else:
        _fan_out(tx, draft, before.keys())


def _fan_out(tx: Tx, draft: Draft, keys: Collection[RecordKey]) -> None:
    """Write events and their deliveries; leave some to steps, close what they replace."""
    numbers = events.add(tx, [event for event, _ in draft.events])
    behind = fan_out.records_behind(tx, keys) if draft.obstacles.any_pending else set()
    now = _leave_to_steps(tx, draft.events, numbers, behind)
    events.fan_out(tx, now)
    deliveries.supersede(tx, now)


def _leave_to_steps(
    tx: Tx, drafted: Sequence[tuple[Event, bool]], numbers: Sequence[int], behind: set[RecordKey]
) -> list[int]:
    """Note events whose deliveries are made in steps; the numbers of the others."""
    now, later = list[int](), list[tuple[int, Event]]()
    for number, (event, is_large) in zip(numbers, drafted, strict=True):
        if fan_out_rules.follows_in_steps(event, is_of_large_request=is_large, behind=behind):
            behind.add(fan_out_rules.record_of(event))
            later.append((number, event))
        else:
            now.append(number)
    fan_out.add(tx, later)
    return now


def _count(
    tx: Tx,
    changed: list[Record],
    before: Mapping[RecordKey, Record | None],
    draft: Draft,
) -> None:
    """Update the digests: every changed record leaves its bucket and comes back newer."""
    keys, held = digests.keys(changed), draft.digests
    for one, key in keys.items():
        if one.id is None and draft.version_floors[one.reseller_id] < held.floors.get(key, 0):
            raise TombstoneGone
    buckets = dict(held.buckets)
    for record, key in keys.items():
        bucket = buckets.get(key, Bucket())
        if old := before.get(records.key(record)):
            bucket = bucket.remove(old.uuid, old.version)
        buckets[key] = bucket.add(record.uuid, record.version)
    digests.write(tx, held.buckets, buckets)
