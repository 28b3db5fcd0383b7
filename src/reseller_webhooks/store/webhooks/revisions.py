"""Revisions of webhooks: another, higher one after each change of settings, drawn by a trigger."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select

from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.tables import webhook
from reseller_webhooks.store.webhooks.webhooks import is_live


class Revision(NamedTuple):
    """That a webhook is at a revision, deleted or not."""

    id: int
    part: int
    revision: int


def above(tx: Tx, revision: int) -> list[Revision]:
    """Webhooks with higher revisions, deleted ones included."""
    statement = select(webhook.c.id, webhook.c.part, webhook.c.revision)
    rows = tx.connection.execute(statement.where(webhook.c.revision > revision))
    return [Revision(*row) for row in rows]


def newest(tx: Tx) -> int:
    """The highest revision of a webhook, 0 if there is no webhook."""
    return tx.connection.execute(select(func.max(webhook.c.revision))).scalar() or 0


def live(tx: Tx, parts: Collection[int]) -> dict[int, int]:
    """The revisions of some partitions' webhooks that were not deleted, by webhook."""
    statement = select(webhook.c.id, webhook.c.revision).where(*is_live(parts))
    return dict(tx.connection.execute(statement).tuples().all())
