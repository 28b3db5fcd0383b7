"""What is new in the log: deliveries that were made or attempted since somebody looked."""

from dataclasses import dataclass

from sqlalchemy import select

from reseller_webhooks.store import deliveries, log
from reseller_webhooks.store.database import Tx
from reseller_webhooks.store.schema import attempt, delivery


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has looked: the newest attempt's and the newest delivery's number."""

    attempt: int
    delivery: int


def newest(tx: Tx) -> Mark:
    """Where looking begins."""
    return Mark(log.newest(tx), deliveries.newest(tx))


def touched(tx: Tx, since: Mark, upto: Mark, *, reseller_id: int, limit: int) -> list[int]:
    """The numbers of up to `limit` deliveries that were attempted or made between two marks."""
    asked = (
        select(attempt.c.delivery_id).where(
            attempt.c.id > since.attempt,
            attempt.c.id <= upto.attempt,
            attempt.c.reseller_id == reseller_id,
        ),
        select(delivery.c.id).where(
            delivery.c.id > since.delivery,
            delivery.c.id <= upto.delivery,
            delivery.c.reseller_id == reseller_id,
        ),
    )
    found: set[int] = set()
    for one in asked:
        found |= set(tx.connection.execute(one.limit(limit - len(found))).scalars())
        if len(found) >= limit:
            break
    return sorted(found)
