"""Retries by hand, as jobs: pending deliveries made due now, and failed deliveries made anew.

A small job is finished when these functions return; a larger job goes on in the background.
"""

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.audit import Act
from reseller_webhooks.core.jobs import Job, JobKind
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import jobs, resellers
from reseller_webhooks.operations.audit import webhook_subject
from reseller_webhooks.store.access import audit
from reseller_webhooks.store.db.database import Database


def retry_pending(database: Database, row: WebhookRow) -> Job:
    """Make the webhook's pending deliveries due now. An open circuit sends one of them first."""
    with database.write() as tx:
        started = jobs.start(tx, JobKind.RETRY_PENDING, row.reseller_id, webhook_id=row.id)
        audit.write(tx, Act.WEBHOOK_PENDING_RETRIED, webhook_subject(row))
    return jobs.run_first(database, started)


def retry_failed(database: Database, row: WebhookRow, since: Micros | None, until: Micros) -> Job:
    """New deliveries for the webhook's failed ones, of those made from `since` on before `until`.

    Each event goes to each webhook once, however often it has failed or is asked for.
    """
    with database.write() as tx:
        started = jobs.start(
            tx,
            JobKind.RETRY_FAILED,
            row.reseller_id,
            webhook_id=row.id,
            since=since,
            until=until,
        )
        asked = {"from": since, "to": until}
        audit.write(tx, Act.WEBHOOK_FAILED_RETRIED, webhook_subject(row), asked)
    return jobs.run_first(database, started)


def retry_all_failed(
    database: Database, reseller_id: int, since: Micros | None, until: Micros
) -> Job:
    """As `retry_failed`, for every webhook of a reseller."""
    with database.write() as tx:
        started = jobs.start(tx, JobKind.RETRY_FAILED, reseller_id, since=since, until=until)
        subject = resellers.subject_of(resellers.by_id(tx, reseller_id))
        asked = {"from": since, "to": until}
        audit.write(tx, Act.RESELLER_FAILED_RETRIED, subject, asked)
    return jobs.run_first(database, started)
