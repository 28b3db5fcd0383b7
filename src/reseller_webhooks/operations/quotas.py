"""Quotas of resellers: the limits in force, and whether a request exceeds them.

Each process reads the limits of single resellers from the store every few seconds. It counts rates
per second in its memory; rates per hour are counted in the store, for all processes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from reseller_webhooks.clock import DAY, SECOND, monotonic_s
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.access.quotas import (
    HOUR_S,
    QUOTA_OF_ACT,
    Limits,
    Quota,
    Taken,
    rate_of,
    take,
    used_of,
)
from reseller_webhooks.core.errors import QuotaExceeded
from reseller_webhooks.core.records.changes import Remove
from reseller_webhooks.observability.quotas import refusals_total
from reseller_webhooks.operations.changes import ChangeRequest
from reseller_webhooks.store.access import quotas, resellers
from reseller_webhooks.store.db.database import Charge, Database, Tx
from reseller_webhooks.store.records import stored_bytes

STORED_RETRY_AFTER_S = 600
"""Retry-After of stored bytes, which maintenance deletes as they grow old. Waiting does not help
with webhooks and backfills."""
MEASURED_EVERY_S = 60.0
"""Time between reads of a reseller's stored bytes; maintenance counts them as often."""
RESELLERS_MAX = 10_000
"""Resellers whose rates and bytes are kept; beyond that, full buckets and old bytes are dropped."""
AT_ONCE = 100
"""Resellers in one statement."""
K = TypeVar("K", int, str)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rest of a rate after a request, for RateLimit fields. limit: as it was set."""

    quota: Quota
    limit: int
    left: Taken


@dataclass(frozen=True, slots=True)
class _Measured:
    bytes: int
    at_s: float


class Quotas:
    """The quotas in force in this process. Its event loop takes from the rates per second."""

    def __init__(self, database: Database, defaults: Limits) -> None:
        self.defaults = defaults
        self._database = database
        self._of_number: Mapping[int, Limits] = {}
        self._of_uuid: Mapping[str, Limits] = {}
        self._requests: dict[int, float] = {}
        self._changes: dict[str, float] = {}
        self._stored: dict[str, _Measured | None] = {}

    def limit(self, quota: Quota, reseller_id: int) -> int:
        """The limit of one reseller, by the store's number."""
        return self._of_number.get(reseller_id, self.defaults)[quota]

    def refresh(self) -> None:
        """Read the limits that operators set, and the stored bytes of resellers with changes."""
        with self._database.read() as tx:
            found = quotas.overrides(tx)
        limits = {owner: {**self.defaults, **own} for owner, own in found.items()}
        self._of_number = {owner.id: own for owner, own in limits.items()}
        self._of_uuid = {owner.uuid: own for owner, own in limits.items()}
        uuids = self._to_measure()
        for start in range(0, len(uuids), AT_ONCE):
            self._measure(uuids[start : start + AT_ONCE])

    def take_request(self, reseller_id: int) -> Allowance:
        """Count an API request. QuotaExceeded."""
        quota = Quota.REQUESTS_PER_SECOND
        limit, now_s = self.limit(quota, reseller_id), monotonic_s()
        taken = _taken(quota, limit, self._requests.get(reseller_id, 0.0), now_s)
        if taken.wait_s:
            raise refused(QuotaExceeded(quota, limit, retry_after_s=taken.wait_s))
        if len(self._requests) >= RESELLERS_MAX:
            self._requests = _not_full(self._requests, now_s)
        self._requests[reseller_id] = taken.full_s
        return Allowance(quota, limit, taken)

    def admit(self, request: ChangeRequest) -> None:
        """Count the changes of a request, for all of its resellers or for none. QuotaExceeded."""
        now_s, taken = monotonic_s(), {}
        for uuid, units in Counter(change.reseller for change in request.changes).items():
            self._check_stored(uuid, request)
            taken[uuid] = self._take_changes(uuid, units, now_s, request)
        if len(self._changes) >= RESELLERS_MAX:
            self._changes = _not_full(self._changes, now_s)
        self._changes |= taken

    def charge_to(self, reseller_id: int | None) -> Charge | None:
        """Counts the acts of a reseller's keys and people, in their transactions.

        None for platform keys and operators, who have no quotas.
        """
        return None if reseller_id is None else partial(self._charge, reseller_id)

    def _charge(self, reseller_id: int, tx: Tx, act: Act) -> None:
        """Take one unit from a rate per hour. QuotaExceeded."""
        quota = QUOTA_OF_ACT[act]
        if quota is None:
            return
        limit, now_s = self.limit(quota, reseller_id), tx.now / SECOND
        # A clock that was set back must not lock anybody out for longer.
        full_s = min(quotas.lock_bucket(tx, reseller_id, quota) / SECOND, now_s + HOUR_S)
        taken = _taken(quota, limit, full_s, now_s)
        if taken.wait_s:
            used = limit - taken.remaining
            raise refused(QuotaExceeded(quota, limit, retry_after_s=taken.wait_s, used=used))
        quotas.set_bucket(tx, reseller_id, quota, int(taken.full_s * SECOND))

    def seconds_used(self, quota: Quota, reseller_id: int, uuid: str) -> int:
        """Units of a rate per second that have not come back yet in this process."""
        rate = rate_of(quota, self.limit(quota, reseller_id))
        is_requests = quota is Quota.REQUESTS_PER_SECOND
        full_s = self._requests.get(reseller_id) if is_requests else self._changes.get(uuid)
        return used_of(full_s or 0.0, monotonic_s(), rate) if rate else 0

    def _limit_by_uuid(self, quota: Quota, uuid: str) -> int:
        return self._of_uuid.get(uuid, self.defaults)[quota]

    def _take_changes(self, uuid: str, units: int, now_s: float, request: ChangeRequest) -> float:
        quota = Quota.CHANGES_PER_SECOND
        limit = self._limit_by_uuid(quota, uuid)
        taken = _taken(quota, limit, self._changes.get(uuid, 0.0), now_s, units)
        if not taken.wait_s:
            return taken.full_s
        raise refused(
            QuotaExceeded(
                quota,
                limit,
                retry_after_s=taken.wait_s,
                remaining=taken.remaining,
                reseller=uuid,
                places=_places(request, uuid),
            )
        )

    def _check_stored(self, uuid: str, request: ChangeRequest) -> None:
        measured = self._stored.setdefault(uuid, None)
        limit = self._limit_by_uuid(Quota.STORED_BYTES, uuid)
        if measured is None or measured.bytes <= limit:
            return
        if places := _places(request, uuid, but=Remove):
            quota = Quota.STORED_BYTES
            raise refused(
                QuotaExceeded(
                    quota,
                    limit,
                    retry_after_s=STORED_RETRY_AFTER_S,
                    used=measured.bytes,
                    reseller=uuid,
                    places=places,
                )
            )

    def _to_measure(self) -> list[str]:
        if len(self._stored) > RESELLERS_MAX:
            self._stored = {}
        old_s = monotonic_s() - MEASURED_EVERY_S
        known = list(self._stored.items())  # the event loop goes on adding to it
        return [uuid for uuid, found in known if found is None or found.at_s < old_s]

    def _measure(self, uuids: Sequence[str]) -> None:
        with self._database.read() as tx:
            numbers = resellers.numbers(tx, uuids)
            found = stored_bytes.by_reseller(tx, list(numbers.values()))
        now_s = monotonic_s()
        for uuid in uuids:
            if uuid in numbers:
                self._stored[uuid] = _Measured(found.get(numbers[uuid], 0), now_s)
            else:
                self._stored.pop(uuid, None)


def check_webhooks(tx: Tx, reseller_id: int, limit: int) -> None:
    """QuotaExceeded when the reseller may have no further webhook."""
    quotas.lock_reseller(tx, reseller_id)
    used = quotas.webhooks(tx, [reseller_id]).get(reseller_id, 0)
    if used >= limit:
        raise refused(QuotaExceeded(Quota.WEBHOOKS, limit, used=used))


def check_backfill(total: int, limit: int | None) -> None:
    """QuotaExceeded when a backfill would send more records; None: any number may be sent."""
    if limit is not None and total > limit:
        raise refused(QuotaExceeded(Quota.BACKFILL_RECORDS, limit, used=total))


def count_stored(database: Database, *, retention_days: int) -> int:
    """Count a batch of rows that were stored lately; how many, 0 when none is left to count."""
    done = sum(stored_bytes.count(database, source) for source in stored_bytes.SOURCES)
    if not done:
        with database.write() as tx:
            stored_bytes.drop(tx, tx.now - (retention_days + 1) * DAY)
    return done


def refused(error: QuotaExceeded) -> QuotaExceeded:
    """Count a refusal."""
    refusals_total.labels(error.quota.value).inc()
    return error


def _taken(quota: Quota, limit: int, full_s: float, now_s: float, units: int = 1) -> Taken:
    rate = rate_of(quota, limit)
    assert rate is not None, "only rates are taken from"  # noqa: S101
    return take(full_s, now_s, units, rate)


def _not_full(buckets: dict[K, float], now_s: float) -> dict[K, float]:
    return {key: full_s for key, full_s in buckets.items() if full_s > now_s}


def _places(request: ChangeRequest, uuid: str, but: type | None = None) -> list[str]:
    return [
        f"/changes/{index}"
        for index, change in enumerate(request.changes)
        if change.reseller == uuid and not (but and isinstance(change.what, but))
    ]
