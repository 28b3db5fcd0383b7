"""One step of each kind of job: it reads first, and then writes little in one transaction.

What a step makes and how far the job is are written together, so a kill makes nothing twice.
"""

from dataclasses import replace

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.jobs import Job, JobState
from reseller_webhooks.operations import generations
from reseller_webhooks.store.cluster import jobs
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import deliveries, retries
from reseller_webhooks.store.deliveries.retries import FailedDelivery
from reseller_webhooks.store.webhooks import webhooks

RETRIES_MAX = 250
"""New deliveries of one step."""
READ_MAX = 20_000
"""Failed deliveries that a step looks at, when nearly all were sent again already."""
READ_AT_ONCE = 1_000
DUE_MAX = 500
"""Deliveries that one step makes due."""


def retry_failed(database: Database, job: Job, lease: Micros) -> Job | None:
    """New deliveries for the next failed ones, each event once to each webhook.

    None when the job was cancelled or claimed anew.
    """
    generations.notice_promotion(database)
    with database.read() as tx:  # which holds nobody up
        total = retries.count(tx, job) if job.position is None else job.total
        batch, is_end = _batch(tx, job)
    numbers = [one.position.delivery_id for one in batch if one.is_open]
    with database.write() as tx:
        if not jobs.lock(tx, job):
            return None
        made = deliveries.replay(tx, numbers, only_newest=True) if numbers else []
        after = replace(
            job,
            total=total,
            position=batch[-1].position if batch else job.position,
            handled=job.handled + len(batch),
            made=job.made + len(made),
        )
        return _written(tx, after, lease, is_end=is_end)


def retry_pending(database: Database, job: Job, lease: Micros) -> Job | None:
    """Make the webhook's next pending deliveries due. None as in `retry_failed`.

    An open circuit sends one of them first.
    """
    assert job.webhook_id is not None, "retry_pending is about one webhook"  # noqa: S101
    with database.read() as tx:
        total = job.total
        if total is None:
            total = deliveries.waiting_for_later(tx, job.webhook_id)
    with database.write() as tx:
        if not jobs.lock(tx, job):
            return None
        count = deliveries.retry_now(tx, job.webhook_id, limit=DUE_MAX)
        handled = job.handled + count
        # Those that fail meanwhile wait again; counting up to the total leaves them alone.
        is_end = count < DUE_MAX or handled >= total
        if is_end or job.handled == 0:
            # Whoever sends for the webhook sees that it was changed, and looks anew.
            webhooks.retry_now(tx, job.webhook_id)
        after = replace(job, total=total, handled=handled, made=handled)
        return _written(tx, after, lease, is_end=is_end)


def _batch(tx: Tx, job: Job) -> tuple[list[FailedDelivery], bool]:
    """The failed deliveries of a step, with at most RETRIES_MAX to send again, and whether the job
    ends with them.

    It reads a little at first, and more while nearly all were sent again already.
    """
    found: list[FailedDelivery] = []
    position, limit, room = job.position, RETRIES_MAX, RETRIES_MAX
    while room and len(found) < READ_MAX:
        some = retries.following(tx, job, position, limit=limit)
        is_open = [place for place, one in enumerate(some, 1) if one.is_open]
        if len(is_open) > room:
            return found + some[: is_open[room - 1]], False
        found, room = found + some, room - len(is_open)
        if len(some) < limit:
            return found, True
        position, limit = some[-1].position, READ_AT_ONCE
    return found, False


def _written(tx: Tx, job: Job, lease: Micros, *, is_end: bool) -> Job:
    after = replace(job, failures=0, next_at=tx.now + lease)
    if is_end:
        after = replace(after, state=JobState.DONE, finished_at=tx.now)
    jobs.write(tx, after)
    return after
