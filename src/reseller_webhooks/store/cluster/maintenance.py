"""The record of maintenance jobs: last success, last failure."""

from sqlalchemy import insert, select, update

from reseller_webhooks.core.health.maintenance import JobStatus, MaintenanceJob
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import maintenance_job


def note_success(tx: Tx, job: MaintenanceJob) -> None:
    """The job did its work just now."""
    _note(tx, job, succeeded_at=tx.now)


def note_failure(tx: Tx, job: MaintenanceJob, failure: str) -> None:
    """The job failed just now."""
    _note(tx, job, failed_at=tx.now, failure=failure)


def statuses(tx: Tx) -> list[JobStatus]:
    """Every job that was ever tried, by name."""
    rows = tx.connection.execute(select(maintenance_job).order_by(maintenance_job.c.job))
    return [JobStatus(*row) for row in rows]


def _note(tx: Tx, job: MaintenanceJob, **columns: object) -> None:
    named = maintenance_job.c.job == job.value
    if tx.connection.execute(update(maintenance_job).where(named).values(columns)).rowcount:
        return
    first = {"job": job.value, "since": tx.now, "failure": "", **columns}
    tx.connection.execute(insert(maintenance_job).values(first))
