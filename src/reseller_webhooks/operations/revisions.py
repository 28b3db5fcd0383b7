"""Webhooks as workers follow them: by revision, so that no change is missed, however late.

A revision is drawn when a webhook is written, and visible when that is committed. So rows are read
once to see the highest number, and again after asking who is still writing (core/sync/horizon.py).
"""

from collections.abc import Collection

from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.sync.revisions import Revised, Revisions
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.horizon import writers
from reseller_webhooks.store.webhooks import revisions, webhooks

TABLE = "webhook"


def horizon(database: Database) -> Horizon:
    """The horizon after which a new worker reads changed webhooks."""
    with database.read() as tx:
        newest = revisions.newest(tx)
        return Horizon().advanced(newest, writers(tx, TABLE))[0]


def revised(database: Database, known: Horizon, parts: Collection[int]) -> Revised:
    """Revisions of some partitions' webhooks that may have become visible since a horizon."""
    with database.read() as tx:
        found = revisions.above(tx, known.newest)
        if not found and not known.floors:
            return Revised({}, known)
        newest = max((one.revision for one in found), default=known.newest)
        following, above = known.advanced(newest, writers(tx, TABLE))
        found = revisions.above(tx, above)
        return Revised({one.id: one.revision for one in found if one.part in parts}, following)


def every(database: Database, parts: Collection[int]) -> Revisions:
    """The revision of every webhook of some partitions that was not deleted."""
    with database.read() as tx:
        newest = revisions.newest(tx)
        return Revisions(revisions.live(tx, parts), newest)


def live(database: Database, parts: Collection[int]) -> list[WebhookRow]:
    """The webhooks of some partitions that were not deleted."""
    with database.read() as tx:
        return webhooks.live(tx, parts)


def by_id(database: Database, numbers: Collection[int]) -> list[WebhookRow]:
    """These webhooks, deleted or not."""
    with database.read() as tx:
        return webhooks.by_id(tx, numbers)
