"""Maintenance jobs: each by itself, recorded, and logged when something changes."""

import pytest
from structlog.testing import capture_logs

from reseller_webhooks import observability
from reseller_webhooks.core.health.conditions import ConditionCode
from reseller_webhooks.core.health.maintenance import OVERDUE_AFTER, MaintenanceJob
from reseller_webhooks.engine.jobs.maintenance import Maintenance
from reseller_webhooks.operations import maintenance, readiness
from reseller_webhooks.store.db.database import Database


@pytest.fixture
def database(on_sqlite: Database) -> Database:
    return on_sqlite


def _execute(database: Database, statement: str) -> None:
    with database.write() as tx:
        tx.connection.exec_driver_sql(statement)


def _failures(job: MaintenanceJob) -> float:
    return observability.upkeep_failures_total.labels(job.value)._value.get()


async def test_a_job_that_fails_stops_no_other_and_is_logged_once(database: Database) -> None:
    jobs = Maintenance(database, retention_days=90, schedule_s=60)
    before = _failures(MaintenanceJob.AUDIT)
    _execute(database, "ALTER TABLE audit RENAME TO hidden")
    with capture_logs() as logs:
        for _ in range(3):
            await jobs.run_once()
        _execute(database, "ALTER TABLE hidden RENAME TO audit")
        await jobs.run_once()
    fared = {one.job: one for one in maintenance.statuses(database)}

    assert [(one["event"], one["job"]) for one in logs] == [
        ("a maintenance job fails", "audit"),
        ("a maintenance job works again", "audit"),
    ]
    assert _failures(MaintenanceJob.AUDIT) - before == 3
    assert "no such table" in fared[MaintenanceJob.AUDIT].failure
    assert {job for job, one in fared.items() if one.succeeded_at} == set(MaintenanceJob)


async def test_a_job_that_does_not_succeed_for_long_is_a_condition(database: Database) -> None:
    await Maintenance(database, retention_days=90, schedule_s=60).run_once()
    before = _overdue(database)
    late = f"UPDATE maintenance_job SET succeeded_at = succeeded_at - {2 * OVERDUE_AFTER}"
    _execute(database, f"{late} WHERE job = 'events'")

    assert before == []
    assert _overdue(database) == [{"job": "events", "hours": 2}]


def _overdue(database: Database) -> list[dict[str, str | int]]:
    found = readiness.check(database)
    return [dict(one.params) for one in found if one.code is ConditionCode.MAINTENANCE_OVERDUE]
