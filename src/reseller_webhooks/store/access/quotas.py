"""Quotas of resellers: what operators have set, and buckets that all processes share."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, text, update

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.store.db import missing_rows
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import quota_bucket, reseller, reseller_quota, webhook

# Written out, because SQLAlchemy has a construct for each database and none for both.
_SET = text(
    "INSERT INTO reseller_quota (reseller_id, name, value) VALUES (:reseller_id, :name, :value) "
    "ON CONFLICT (reseller_id, name) DO UPDATE SET value = :value"
)
_NAMES = frozenset(quota.value for quota in Quota)


@dataclass(frozen=True, slots=True)
class Owner:
    """A reseller, by the store's number and by the id that others know."""

    id: int
    uuid: str


def overrides(tx: Tx) -> dict[Owner, dict[Quota, int]]:
    """Limits that operators set, of all resellers. Names of later versions are left out."""
    rows = tx.connection.execute(
        select(reseller.c.id, reseller.c.uuid, reseller_quota.c.name, reseller_quota.c.value).where(
            reseller.c.id == reseller_quota.c.reseller_id
        )
    )
    found: dict[Owner, dict[Quota, int]] = {}
    for number, uuid, name, value in rows:
        if name in _NAMES:
            found.setdefault(Owner(number, uuid), {})[Quota(name)] = value
    return found


def overrides_of(tx: Tx, reseller_ids: Collection[int]) -> dict[int, dict[Quota, int]]:
    """Limits that operators set for these resellers, with an entry for each of them."""
    c = reseller_quota.c
    rows = tx.connection.execute(
        select(c.reseller_id, c.name, c.value).where(c.reseller_id.in_(reseller_ids))
    )
    found: dict[int, dict[Quota, int]] = {number: {} for number in reseller_ids}
    for number, name, value in rows:
        if name in _NAMES:
            found[number][Quota(name)] = value
    return found


def change(tx: Tx, reseller_id: int, wanted: Mapping[Quota, int | None]) -> None:
    """Set limits; None for the default."""
    for quota, value in wanted.items():
        given = {"reseller_id": reseller_id, "name": quota.value, "value": value}
        if value is not None:
            tx.connection.execute(_SET, given)
            continue
        named = (reseller_quota.c.reseller_id == reseller_id) & (
            reseller_quota.c.name == quota.value
        )
        tx.connection.execute(delete(reseller_quota).where(named))


def lock_bucket(tx: Tx, reseller_id: int, quota: Quota) -> Micros:
    """Lock a bucket for this transaction, and return the time when it will be full."""
    new = {"reseller_id": reseller_id, "name": quota.value, "full_at": 0}
    missing_rows.add(tx, quota_bucket, new)
    wanted = select(quota_bucket.c.full_at).where(*_named(reseller_id, quota)).with_for_update()
    return int(tx.connection.execute(wanted).scalar_one())


def set_bucket(tx: Tx, reseller_id: int, quota: Quota, full_at: Micros) -> None:
    """Something was taken from it."""
    tx.connection.execute(
        update(quota_bucket).where(*_named(reseller_id, quota)).values(full_at=full_at)
    )


def buckets(tx: Tx, reseller_ids: Collection[int]) -> dict[tuple[int, str], Micros]:
    """Times when buckets will be full, by reseller and name."""
    rows = tx.connection.execute(
        select(quota_bucket).where(quota_bucket.c.reseller_id.in_(reseller_ids))
    )
    return {(row.reseller_id, row.name): row.full_at for row in rows}


def lock_reseller(tx: Tx, reseller_id: int) -> None:
    """Lock a reseller, so that other transactions add no webhook until this transaction ends."""
    wanted = select(reseller.c.id).where(reseller.c.id == reseller_id)
    tx.connection.execute(wanted.with_for_update(key_share=True))


def webhooks(tx: Tx, reseller_ids: Collection[int]) -> dict[int, int]:
    """Number of webhooks of each reseller, from an index without deleted webhooks."""
    rows = tx.connection.execute(
        select(webhook.c.reseller_id, func.count())
        .where(webhook.c.reseller_id.in_(reseller_ids), webhook.c.deleted_at.is_(None))
        .group_by(webhook.c.reseller_id)
    )
    return dict(rows.tuples().all())


def _named(reseller_id: int, quota: Quota) -> tuple[ColumnElement[bool], ...]:
    return quota_bucket.c.reseller_id == reseller_id, quota_bucket.c.name == quota.value
