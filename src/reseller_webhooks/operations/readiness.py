"""Readiness of the store: it takes changes, its tables fit, and workers live."""

from collections.abc import Iterator

from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.store.cluster import (
    cluster,
    leases,
    maintenance,
    maintenance_clock,
)
from reseller_webhooks.store.db import day_partitions, migrate, privileges, readiness
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import fan_out

FAN_OUT_LATE = 10 * 60 * SECOND
"""The largest request at 2,000 webhooks takes a minute or two on a busy machine."""


def check(database: Database) -> list[Condition]:
    """Ask the store, in one transaction. Unavailable when it does not answer or is read-only."""
    with database.write() as tx:
        readiness.require_writable(tx)
        return [*_tables(tx), *_workers(tx), *_fan_out(tx), *_maintenance(tx), *_rights(tx)]


def damage(database: Database) -> Iterator[Condition]:
    """From memory: whether a statement has met a damaged file. On PostgreSQL, where it may be an
    index, this process goes on.
    """
    if database.damage.is_met:
        is_file = Database.file_of(database.url) is not None
        severity = Severity.NOT_READY if is_file else Severity.DEGRADED
        yield Condition(ConditionCode.STORE_DAMAGED, severity)


def _tables(tx: Tx) -> Iterator[Condition]:
    if not migrate.is_current(tx):
        yield Condition(ConditionCode.TABLES_OUTDATED, Severity.NOT_READY)


def _workers(tx: Tx) -> Iterator[Condition]:
    partitions = cluster.partitions(tx)
    without_owner = partitions.free + partitions.lapsed
    if not partitions.held and not leases.members(tx):
        yield Condition(ConditionCode.NO_WORKERS, Severity.DEGRADED)
    elif without_owner:
        params = {"count": without_owner, "total": PARTS}
        yield Condition(ConditionCode.PARTITIONS_WITHOUT_OWNER, Severity.DEGRADED, params)


def _fan_out(tx: Tx) -> Iterator[Condition]:
    since = fan_out.oldest(tx)
    if since is not None and tx.now - since > FAN_OUT_LATE:
        params = {"minutes": (tx.now - since) // (60 * SECOND)}
        yield Condition(ConditionCode.FAN_OUT_LATE, Severity.DEGRADED, params)


def _maintenance(tx: Tx) -> Iterator[Condition]:
    statuses = maintenance.statuses(tx)
    for status in statuses:
        if overdue_s := status.overdue_s(tx.now):
            params: dict[str, str | int] = {"job": status.job, "hours": overdue_s // 3600}
            yield Condition(ConditionCode.MAINTENANCE_OVERDUE, Severity.DEGRADED, params)
    # Before any worker has run there are none, and that is a condition of its own.
    runs = statuses and not maintenance_clock.is_held(tx)
    for table in day_partitions.lacks(tx, tx.now + DAY) if runs else ():
        yield Condition(ConditionCode.PARTITION_MISSING, Severity.DEGRADED, {"table": table})


def _rights(tx: Tx) -> Iterator[Condition]:
    for right in privileges.missing_for_maintenance(tx):
        yield Condition(ConditionCode.RIGHT_MISSING, Severity.DEGRADED, {"right": right})
