"""A reseller's quotas for operators: limits and their use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.access.quotas import (
    BY_HOUR,
    BY_SECOND,
    HOUR_S,
    LIMIT_MAX,
    Limits,
    Quota,
    rate_of,
    used_of,
)
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.changes import LIMIT_OUT_OF_RANGE
from reseller_webhooks.operations import resellers
from reseller_webhooks.operations.quotas import AT_ONCE, Quotas
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.access import quotas as store
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.records import stored_bytes


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """A quota of one reseller. used: None where the limit holds for each act by itself.

    is_own: whether an operator has set it for this reseller.
    """

    quota: Quota
    limit: int
    default: int
    used: int | None
    is_own: bool

    @property
    def share(self) -> float:
        """The used share of the limit; 0 where the limit holds for each act by itself."""
        return (self.used or 0) / self.limit

    @property
    def is_near(self) -> bool:
        """True if the limit is reached, or soon will be."""
        return self.share >= NEAR


Uses = Mapping[Quota, QuotaUse]
NEAR = 0.8
"""The share of a limit from which its reseller is listed as near it."""


def uses(database: Database, quotas: Quotas, owners: Sequence[Reseller]) -> list[Uses]:
    """The quotas of each reseller: use and limits."""
    with database.read() as tx:
        return _uses(tx, quotas, owners)


def uses_of_all(
    database: Database, quotas: Quotas, *, search: str = ""
) -> Iterator[tuple[Reseller, Uses]]:
    """Every reseller with its quotas, read page by page. search: part of the name, or the id."""
    after = 0
    while owners := resellers.page(database, after=after, limit=AT_ONCE, search=search):
        yield from zip(owners, uses(database, quotas, owners), strict=True)
        after = owners[-1].id


def near_limits(
    database: Database, quotas: Quotas, *, search: str = ""
) -> list[tuple[Reseller, Uses]]:
    """The resellers that are near a limit, the nearest first; reads the use of all of them."""
    found = [
        one
        for one in uses_of_all(database, quotas, search=search)
        if any(use.is_near for use in one[1].values())
    ]
    return sorted(found, key=_largest_share, reverse=True)


def _largest_share(one: tuple[Reseller, Uses]) -> float:
    return max(use.share for use in one[1].values())


def use(database: Database, quotas: Quotas, uuid: str) -> tuple[Reseller, Uses]:
    """A reseller with its quotas. NotFound."""
    with database.read() as tx:
        reseller = resellers.by_uuid(tx, uuid)
        return reseller, _uses(tx, quotas, [reseller])[0]


def change(
    database: Database, defaults: Limits, uuid: str, wanted: Mapping[Quota, int | None]
) -> Reseller:
    """Set limits of one reseller; None for the default. NotFound; Invalid beyond what fits."""
    for quota, value in wanted.items():
        if value is not None and not 1 <= value <= LIMIT_MAX:
            raise Invalid.at(f"/{quota.value}", LIMIT_OUT_OF_RANGE(most=LIMIT_MAX))
    with database.write() as tx:
        reseller = resellers.by_uuid(tx, uuid)
        before = store.overrides_of(tx, [reseller.id])[reseller.id]
        store.change(tx, reseller.id, wanted)
        after = {quota: value or defaults[quota] for quota, value in wanted.items()}
        changed = {
            quota.value: [before.get(quota, defaults[quota]), value]
            for quota, value in after.items()
            if before.get(quota, defaults[quota]) != value
        }
        if changed:
            subject = resellers.subject_of(reseller)
            audit.write(tx, Act.RESELLER_QUOTAS_CHANGED, subject, changed)
        for quota in BY_HOUR & after.keys():
            _keep_use(tx, reseller.id, quota, before.get(quota, defaults[quota]), after[quota])
    return reseller


def _keep_use(tx: Tx, reseller_id: int, quota: Quota, before: int, after: int) -> None:
    """Convert a bucket to a new limit: used units stay used, at most an hour's worth.

    A bucket is stored as the time when it will be full, which means other uses at other limits.
    """
    if before != after:
        left = max(0, store.lock_bucket(tx, reseller_id, quota) - tx.now)
        store.set_bucket(
            tx, reseller_id, quota, tx.now + min(left * before // after, HOUR_S * SECOND)
        )


def _uses(tx: Tx, quotas: Quotas, owners: Sequence[Reseller]) -> list[Uses]:
    ids = [owner.id for owner in owners]
    webhooks, stored = store.webhooks(tx, ids), stored_bytes.by_reseller(tx, ids)
    overrides = store.overrides_of(tx, ids)
    buckets, now_s = store.buckets(tx, ids), tx.now / SECOND

    def used(owner: Reseller, quota: Quota, limit: int) -> int | None:
        if quota in BY_SECOND:
            return quotas.seconds_used(quota, owner.id, owner.uuid)
        rate = rate_of(quota, limit)
        if rate and quota in BY_HOUR:
            return used_of(buckets.get((owner.id, quota.value), 0) / SECOND, now_s, rate)
        counted = {Quota.WEBHOOKS: webhooks, Quota.STORED_BYTES: stored}.get(quota)
        return None if counted is None else counted.get(owner.id, 0)

    found: list[Uses] = []
    for owner in owners:
        given = overrides[owner.id]
        limits = {quota: given.get(quota, default) for quota, default in quotas.defaults.items()}
        found.append(
            {
                quota: QuotaUse(
                    quota, limit, quotas.defaults[quota], used(owner, quota, limit), quota in given
                )
                for quota, limit in limits.items()
            }
        )
    return found
