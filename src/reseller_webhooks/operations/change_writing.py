"""Writes the records, digests, events, deliveries and answers of a transaction of changes."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from reseller_webhooks.core.deliveries import fan_out_rules
from reseller_webhooks.core.records.events import Event
from reseller_webhooks.core.records.record import Record, RecordKey
from reseller_webhooks.core.sync.digests import Bucket
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries import deliveries, fan_out
from reseller_webhooks.store.records import digests, events, idempotency, records
from reseller_webhooks.store.records.idempotency import StoredAnswer


@dataclass(slots=True)
class Draft:
    """The rows that the transaction will write, after the requests that were applied so far.

    webhooks: how many each reseller has. events: each with whether its request is too large to
    fan out in this transaction.
    """

    public_url: str
    floor: int
    version_floors: Mapping[int, int]
    reseller_ids: dict[str, int]
    records: MutableMapping[RecordKey, Record | None]
    given: MutableMapping[str, StoredAnswer]
    webhooks: Mapping[int, int]
    events: list[tuple[Event, bool]] = field(default_factory=list)
    answers: list[tuple[str, StoredAnswer]] = field(default_factory=list)


class TombstoneGone(Exception):
    """A tombstone was deleted between the read of its floor and the read of the records."""


def write(tx: Tx, draft: Draft, before: Mapping[RecordKey, Record | None]) -> None:
    """Write a draft. before: the records as they were."""
    changed = [one for key, one in draft.records.items() if one and one is not before.get(key)]
    any_fan_out_pending = _count(tx, changed, before, draft.version_floors)
    records.add(tx, [one for one in changed if one.id is None])
    records.replace(tx, [one for one in changed if one.id is not None])
    numbers = events.add(tx, [event for event, _ in draft.events])
    behind = fan_out.records_behind(tx, before.keys()) if any_fan_out_pending else set()
    now = _leave_to_steps(tx, draft.events, numbers, behind)
    events.fan_out(tx, now)
    deliveries.supersede(tx, now)
    idempotency.keep(tx, draft.answers)


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
    version_floors: Mapping[int, int],
) -> bool:
    """Update the digests: every changed record leaves its bucket and comes back newer.

    Returns whether any fan-out is pending.
    """
    keys = digests.keys(changed)
    held = digests.non_empty(tx, set(keys.values()))
    for one, key in keys.items():
        if one.id is None and version_floors[one.reseller_id] < held.floors.get(key, 0):
            raise TombstoneGone
    buckets = dict(held.buckets)
    for record, key in keys.items():
        bucket = buckets.get(key, Bucket())
        if old := before.get(records.key(record)):
            bucket = bucket.remove(old.uuid, old.version)
        buckets[key] = bucket.add(record.uuid, record.version)
    digests.write(tx, held.buckets, buckets)
    return held.any_fan_out_pending
