"""Indexes of a partitioned table are created while others write, and after an interruption."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread

import psycopg
import pytest
from sqlalchemy import text

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.store.db import concurrent_indexes, day_partitions, migrate
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import results
from testkit.processes import wait_until
from tests.store.factories import due, event, made, reseller, told, webhook

INDEX = "ix_attempt_log_webhook_unhappy"
PART = "ix_attempt_before_log_webhook_unhappy"
COLUMNS = "(webhook_id, state, created_at, delivery_id) WHERE state <> 'DELIVERED'"
VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = CAST(:name AS regclass)")
BUILDING = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()"
WRITE = (
    "INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,"
    " resource_uuid, version, number, at, ms, detail, response, created_at)"
    " VALUES (1, 1, 1, 1, 'COMPANY', 'ADDED', 'c1', 1, 1, 1, 1, '', '', 1)"
)


@pytest.fixture
def incomplete(on_postgres: Database) -> Database:
    """As the migration leaves it: the index of the table alone, on two partitions with rows."""
    with on_postgres.write() as tx:
        owner = reseller(tx)
        number = webhook(tx, reseller_id=owner).id
        day_partitions.make(tx)
        told(tx, event(reseller_id=owner))
        results.finish(tx, [made(one, State.FAILED) for one in due(tx, number)])
        tx.connection.exec_driver_sql(f"DROP INDEX {INDEX}")
        tx.connection.exec_driver_sql(f"CREATE INDEX {INDEX} ON ONLY attempt {COLUMNS}")
    return on_postgres


@contextmanager
def writing(url: str) -> Iterator[psycopg.Connection]:
    """A transaction that has written an attempt and goes on."""
    with psycopg.connect(url) as connection:
        connection.execute("SET lock_timeout = '3s'")
        connection.execute(WRITE)
        yield connection


@contextmanager
def creating(database: Database) -> Iterator[tuple[Thread, psycopg.Connection]]:
    """A thread that creates the indexes, and a writer whose end it waits for."""
    work = Thread(target=concurrent_indexes.complete, args=[database.within(60)])
    with (
        psycopg.connect(database.url, autocommit=True) as watching,
        writing(database.url) as first,
    ):
        work.start()
        wait_until(lambda: _building(watching) > 0, "an index is being created")
        yield work, first


def is_valid(database: Database, name: str) -> bool:
    with database.read() as tx:
        return bool(tx.connection.execute(VALID, {"name": name}).scalar())


def test_writers_go_on_while_an_index_is_created(incomplete: Database) -> None:
    with creating(incomplete) as (work, first):
        with writing(incomplete.url) as second:
            second.commit()
        assert work.is_alive()
        first.commit()
        work.join(60)

    assert is_valid(incomplete, INDEX)


def test_what_was_interrupted_goes_on_at_the_next_migration(incomplete: Database) -> None:
    before = is_valid(incomplete, INDEX)
    create = f"CREATE INDEX CONCURRENTLY {PART} ON attempt_before {COLUMNS}"
    with psycopg.connect(incomplete.url, autocommit=True) as other, writing(incomplete.url):
        other.execute("SET statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute(create)
    left_behind = is_valid(incomplete, PART)
    migrate.upgrade(incomplete)

    assert (before, left_behind) == (False, False)
    assert is_valid(incomplete, INDEX)


def test_a_partition_that_is_added_meanwhile_has_its_part(incomplete: Database) -> None:
    with incomplete.write() as tx:
        tx.connection.exec_driver_sql("SELECT reseller_webhooks_add_day('attempt', 30000)")
    with incomplete.read() as tx:
        parts = "SELECT count(*) FROM pg_indexes WHERE tablename = 'attempt_30000'"
        added = tx.connection.exec_driver_sql(parts).scalar()
        whole = parts.replace("attempt_30000", "attempt")
        indexes = tx.connection.exec_driver_sql(whole).scalar()
    migrate.upgrade(incomplete)

    assert added == indexes
    assert is_valid(incomplete, INDEX)


def test_a_second_process_waits_for_an_index_that_is_being_created(incomplete: Database) -> None:
    with ThreadPoolExecutor(1) as second:
        with creating(incomplete) as (work, first):
            waiting = second.submit(concurrent_indexes.complete, incomplete.within(60))
            first.rollback()
            work.join(60)
        waiting.result(60)

    assert is_valid(incomplete, INDEX)


def _building(connection: psycopg.Connection) -> int:
    row = connection.execute(BUILDING).fetchone()
    return int(row[0]) if row else 0
