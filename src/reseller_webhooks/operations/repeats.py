"""Repeating whatever failed for good: a batch to a transaction, so that nobody waits long."""

from dataclasses import replace

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.delivery import State
from reseller_webhooks.operations import deliveries
from reseller_webhooks.operations.deliveries import REPLAYS_PER_TRANSACTION
from reseller_webhooks.store.database import Database
from reseller_webhooks.store.log import LogQuery


def retry_failed(
    database: Database, reseller_id: int, webhook_id: int, since: Micros, until: Micros
) -> int:
    """New deliveries for those made from `since` on and before `until` that failed; how many."""
    query = LogQuery(
        reseller_id,
        frozenset({State.FAILED}),
        webhook_id=webhook_id,
        since=since,
        until=until,
        limit=REPLAYS_PER_TRANSACTION,
    )
    count, behind = deliveries.retry_failed(database, query)
    while behind is not None:
        more, behind = deliveries.retry_failed(database, replace(query, behind=behind))
        count += more
    return count
