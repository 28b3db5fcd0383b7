"""The failed deliveries that a job goes through, newest first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.jobs import Job, JobPosition
from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.deliveries.deliveries import IS_LAST
from reseller_webhooks.store.tables import attempt

COUNTED_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A line of the event log. is_open: whether its event was not sent again since."""

    position: JobPosition
    is_open: bool


def count(tx: Tx, job: Job) -> int | None:
    """Number of failed deliveries of a job; None above COUNTED_MAX."""
    some = select(attempt.c.created_at).where(*_failed(job)).limit(COUNTED_MAX + 1).subquery()
    found = tx.connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found if found <= COUNTED_MAX else None


def following(
    tx: Tx, job: Job, position: JobPosition | None, *, limit: int
) -> list[FailedDelivery]:
    """The failed deliveries of a job behind a position."""
    wanted = [*_failed(job)]
    if position:
        behind = (position.created_at, position.delivery_id)
        wanted.append(tuple_(attempt.c.created_at, attempt.c.delivery_id) < behind)
    statement = (
        select(
            attempt.c.created_at,
            attempt.c.delivery_id,
            IS_LAST.label("is_open"),
        )
        .where(*wanted)
        .order_by(attempt.c.created_at.desc(), attempt.c.delivery_id.desc())
        .limit(limit)
    )
    rows = tx.connection.execute(statement)
    return [FailedDelivery(JobPosition(at, number), bool(is_open)) for at, number, is_open in rows]


def _failed(job: Job) -> list[ColumnElement[Any]]:
    c = attempt.c
    # The second condition says nothing more, but it is that of the index.
    wanted = [c.reseller_id == job.reseller_id, c.state == State.FAILED.value]
    wanted.append(c.state != State.DELIVERED.value)
    if job.webhook_id is not None:
        wanted.append(c.webhook_id == job.webhook_id)
    if job.since is not None:
        wanted.append(c.created_at >= job.since)
    if job.until is not None:
        wanted.append(c.created_at < job.until)
    return wanted
