"""Background jobs on both databases: what a step makes, who may take it, and whose turn it is."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, text, update

from reseller_webhooks.clock import DAY
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.errors import Conflict, NotFound, TooManyJobs
from reseller_webhooks.core.jobs import UNFINISHED_MAX, Job, JobKind, JobState, list_position
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import backfills, jobs, maintenance, manual_retry
from reseller_webhooks.operations.job_steps import RETRIES_MAX
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.tables import attempt, delivery, job
from tests.store.failing import close, failed
from tests.store.test_plans import plans

MANY = 2 * RETRIES_MAX + 1
"""More than are sent again while a job is started."""


def retry(database: Database, row: WebhookRow) -> Job:
    return manual_retry.retry_all_failed(database, row.reseller_id, None, database.clock.now())


def queued(database: Database, row: WebhookRow) -> Job:
    """A job that nobody has taken a step of."""
    with database.write() as tx:
        started = jobs.start(tx, JobKind.RETRY_FAILED, row.reseller_id)
    jobs.release(database, started)
    return started


def claimed(database: Database) -> Job:
    found = jobs.claim(database)
    assert found
    return found


def run(database: Database) -> list[str]:
    """Take turns of one step each until nothing is due; whose they were."""
    turns = []
    while found := jobs.claim(database):
        turns.append(found.uuid)
        after = jobs.step(database, found)
        if after and not after.is_finished:
            jobs.release(database, after)
    return turns


def state(database: Database, one: Job) -> JobState:
    return jobs.get(database, one.uuid, reseller_id=one.reseller_id).job.state


def retried(database: Database) -> Counter[int]:
    """How often each delivery was sent again."""
    with database.read() as tx:
        return Counter(tx.connection.scalars(select(delivery.c.replay_of)))


def every_failed(database: Database) -> set[int]:
    with database.read() as tx:
        return set(tx.connection.scalars(select(attempt.c.delivery_id)))


def end_claims(database: Database) -> None:
    """As if their processes had died a while ago."""
    with database.write() as tx:
        tx.connection.execute(update(job).values(next_at=0))


def test_each_failed_delivery_is_sent_again_once(database: Database) -> None:
    first, *_ = failed(database, webhooks=3, count=RETRIES_MAX)
    started = retry(database, first)
    run(database)

    done = jobs.get(database, started.uuid, reseller_id=first.reseller_id).job
    assert started.state is JobState.RUNNING
    assert retried(database) == dict.fromkeys(every_failed(database), 1)
    assert (done.state, done.made, done.handled, done.total) == (
        JobState.DONE,
        *(3 * RETRIES_MAX,) * 3,
    )


def test_a_small_job_is_done_when_it_is_started(database: Database) -> None:
    row, _ = failed(database, webhooks=2, count=10)

    assert manual_retry.retry_failed(database, row, None, database.clock.now()).made == 10
    assert retry(database, row).made == 10
    assert jobs.claim(database) is None


@pytest.mark.parametrize("came_of_it", [None, State.DELIVERED, State.FAILED])
def test_what_was_sent_again_is_left_alone(database: Database, came_of_it: State | None) -> None:
    (row,) = failed(database, count=MANY)
    retry(database, row)
    run(database)
    if came_of_it:
        close(database, came_of_it)
    again = retry(database, row)
    run(database)

    found = jobs.get(database, again.uuid, reseller_id=row.reseller_id).job
    expected = MANY if came_of_it is State.FAILED else 0
    assert (found.state, found.made) == (JobState.DONE, expected)


def test_a_step_is_small(database: Database) -> None:
    (row,) = failed(database, count=MANY)
    queued(database, row)
    after = jobs.step(database, claimed(database))

    assert after
    assert (after.made, retried(database).total()) == (RETRIES_MAX, RETRIES_MAX)


def test_who_was_away_for_longer_than_its_claim_makes_nothing(database: Database) -> None:
    (row,) = failed(database, count=MANY)
    queued(database, row)
    before = claimed(database)
    end_claims(database)
    after = jobs.step(database, claimed(database))

    assert after
    assert jobs.step(database, before) is None
    assert jobs.step(database, replace(after, claim=before.claim)) is None
    assert retried(database).total() == RETRIES_MAX


def test_nobody_else_claims_it_meanwhile(database: Database) -> None:
    (row,) = failed(database, count=MANY)
    queued(database, row)

    assert jobs.claim(database)
    assert jobs.claim(database) is None


def test_a_cancelled_one_takes_no_more_steps(database: Database) -> None:
    (row,) = failed(database, count=MANY)
    started = queued(database, row)
    after = jobs.step(database, claimed(database))
    jobs.cancel(database, started.uuid, reseller_id=row.reseller_id)

    assert after
    assert jobs.step(database, after) is None
    assert retried(database).total() == RETRIES_MAX
    assert state(database, started) is JobState.CANCELLED
    with pytest.raises(Conflict):
        jobs.cancel(database, started.uuid, reseller_id=row.reseller_id)


def test_a_reseller_with_many_jobs_delays_no_other(database: Database) -> None:
    (busy,) = failed(database, count=MANY)
    (other,) = failed(database, count=MANY)
    many = [queued(database, busy) for _ in range(5)]
    single = queued(database, other)
    turns = run(database)

    assert single.uuid in turns[:3]
    assert set(turns[:3]) == {many[0].uuid, many[1].uuid, single.uuid}
    assert set(turns) == {single.uuid, *(one.uuid for one in many)}


def test_so_many_may_wait_and_no_more(database: Database) -> None:
    (row,) = failed(database)
    for _ in range(UNFINISHED_MAX):
        queued(database, row)

    with pytest.raises(TooManyJobs):
        retry(database, row)


def test_one_whose_steps_fail_is_given_up_and_others_go_on(database: Database) -> None:
    row, _ = failed(database, webhooks=2, count=MANY)
    with database.write() as tx:
        broken = jobs.start(tx, JobKind.RETRY_PENDING, row.reseller_id)  # of which webhook?
    jobs.release(database, broken)
    sound = queued(database, row)
    while not jobs.get(database, broken.uuid, reseller_id=row.reseller_id).job.is_finished:
        end_claims(database)
        found = claimed(database)
        try:
            jobs.step(database, found)
        except AssertionError:
            jobs.note_failure(database, found)
    end_claims(database)
    run(database)

    shown = jobs.get(database, broken.uuid, reseller_id=row.reseller_id).job
    assert (shown.state, shown.reason) == (JobState.FAILED, "STEP_FAILED")
    assert state(database, sound) is JobState.DONE


def test_pending_deliveries_are_made_due_once(database: Database) -> None:
    (row,) = failed(database, count=1_200)
    retry(database, row)
    run(database)
    with database.write() as tx:
        tx.connection.execute(update(delivery).values(next_at=delivery.c.next_at + DAY))
    started = manual_retry.retry_pending(database, row)
    run(database)

    with database.read() as tx:
        later = select(delivery.c.id).where(delivery.c.next_at > tx.now)
        assert tx.connection.execute(later).all() == []
    done = jobs.get(database, started.uuid, reseller_id=row.reseller_id).job
    assert started.state is JobState.RUNNING
    assert (done.state, done.made) == (JobState.DONE, 1_200)


def test_what_this_version_does_not_know_is_left_to_others(database: Database) -> None:
    (row,) = failed(database)
    newer = queued(database, row)
    with database.write() as tx:
        tx.connection.execute(update(job).values(kind="NEWER"))

    assert jobs.claim(database) is None
    assert jobs.page(database, row.reseller_id, limit=10) == []
    with pytest.raises(NotFound):
        jobs.get(database, newer.uuid, reseller_id=row.reseller_id)


def test_the_list_is_paged_and_has_backfills(database: Database) -> None:
    row, second = failed(database, webhooks=2)
    started = [retry(database, row).uuid, manual_retry.retry_pending(database, second).uuid]
    backfills.begin(database, row.reseller_id, row.uuid)
    expected = [row.uuid, *reversed(started)]
    found, behind = [], None
    while page := jobs.page(database, row.reseller_id, behind=behind, limit=1):
        found += [one.job.uuid for one in page]
        behind = list_position(page[-1].job)
    of_second = jobs.page(database, row.reseller_id, webhook_id=second.id, limit=10)

    assert found == expected
    assert [one.job.uuid for one in of_second] == [started[1]]


def test_a_finished_job_is_kept_for_as_long_as_the_log(database: Database) -> None:
    (row,) = failed(database, count=MANY)
    old, unfinished = retry(database, row), queued(database, row)
    jobs.cancel(database, old.uuid, reseller_id=row.reseller_id)
    with database.write() as tx:
        past = {"finished_at": tx.now - 91 * DAY, "created_at": tx.now - 92 * DAY}
        tx.connection.execute(update(job).where(job.c.uuid == old.uuid).values(past))
    maintenance.drop_history(database, retention_days=90)

    left = [one.job.uuid for one in jobs.page(database, row.reseller_id, limit=10)]
    assert left == [unfinished.uuid]


@pytest.mark.sqlite
def test_a_step_reads_along_indexes(on_sqlite: Database) -> None:
    (row,) = failed(on_sqlite, count=3)
    with plans(on_sqlite) as steps:
        manual_retry.retry_failed(on_sqlite, row, 0, on_sqlite.clock.now())
        retry(on_sqlite, row)

    read = [one for one in steps if "attempt" in one or "delivery" in one]
    assert [one for one in read if one.startswith("SCAN")] == []
    for index in ("ix_attempt_log_unhappy", "ix_attempt_retry", "ix_delivery_resource"):
        assert [one for one in read if index in one], index


DELIVERIES_READ = text("""
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'delivery'
""")


def test_a_step_of_retries_reads_no_pending_deliveries_of_others(on_postgres: Database) -> None:
    rows = failed(on_postgres, webhooks=100, count=5)
    with on_postgres.write() as tx:
        tx.connection.execute(text("ANALYZE"))  # before there are pending deliveries
    retry(on_postgres, rows[0])
    with on_postgres.write() as tx:
        numbers = select(attempt.c.delivery_id).order_by(attempt.c.delivery_id).limit(10)
        closed = list(tx.connection.execute(numbers).scalars())
        tx.connection.execute(delete(delivery).where(delivery.c.replay_of.in_(closed)))
        before = tx.connection.execute(DELIVERIES_READ).scalar_one()
        made = deliveries.replay(tx, closed, only_newest=True)
        after = tx.connection.execute(DELIVERIES_READ).scalar_one()

    assert len(made) == 10
    assert after - before < MANY // 4
