"""Trying again, by hand, what waits for its next attempt and what has failed for good.

A batch to a transaction, so that nobody waits long.
"""

from dataclasses import replace

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.audit import Act
from reseller_webhooks.core.delivery import State
from reseller_webhooks.operations import audit as audits
from reseller_webhooks.operations import deliveries
from reseller_webhooks.operations.deliveries import REPLAYS_PER_TRANSACTION
from reseller_webhooks.store import audit, webhooks
from reseller_webhooks.store import deliveries as store
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.log_query import LogQuery
from reseller_webhooks.store.webhooks import WebhookRow

HURRIED_PER_TRANSACTION = 5_000


def retry_pending(database: Database, row: WebhookRow) -> int:
    """Make due what waits for a later attempt; how many. An open circuit sends one of it first."""
    with database.write() as tx:
        audit.write(tx, Act.WEBHOOK_PENDING_RETRIED, audits.webhook(row))
    count = 0
    while (hurried := _hurry(database, row)) == HURRIED_PER_TRANSACTION:
        count += hurried
    return count + hurried


def _hurry(database: Database, row: WebhookRow) -> int:
    with database.write() as tx:
        hurried = store.hurry(tx, row.id, limit=HURRIED_PER_TRANSACTION)
        # Whoever sends for the webhook sees that it was changed, and looks anew.
        webhooks.hurry(tx, row.id)
    return hurried


def retry_failed(database: Database, row: WebhookRow, since: Micros | None, until: Micros) -> int:
    """New deliveries for those made from `since` on and before `until` that failed; how many."""
    query = LogQuery(
        row.reseller_id,
        frozenset({State.FAILED}),
        webhook_id=row.id,
        since=since,
        until=until,
        limit=REPLAYS_PER_TRANSACTION,
    )
    # Before the first batch, so that whatever is sent again was asked for by somebody.
    with database.write() as tx:
        asked = {"from": since, "to": until}
        audit.write(tx, Act.WEBHOOK_FAILED_RETRIED, audits.webhook(row), asked)
    count, behind = deliveries.retry_failed(database, query)
    while behind is not None:
        more, behind = deliveries.retry_failed(database, replace(query, behind=behind))
        count += more
    return count
