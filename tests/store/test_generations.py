"""A restored store: versions go on above a floor, records are lifted, a restore is noticed."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update
from sqlalchemy.engine import make_url

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.core.sync.digests import digest_of
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations import (
    backfills,
    changes,
    deliveries,
    generations,
    manual_retry,
    record_numbers,
    sync,
    webhooks,
)
from reseller_webhooks.operations.changes import ChangeRequest, ChangeResult, ChangesAnswer
from reseller_webhooks.store.db import backup, counters, horizon
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import log, results
from reseller_webhooks.store.records import events, records
from reseller_webhooks.store.records import generations as store
from reseller_webhooks.store.tables import generation
from reseller_webhooks.store.webhooks import revisions
from tests.conftest import SECRET_KEY
from tests.databases import copied
from tests.store import factories

URL = "https://platform.example"


def feed(database: Database, reseller: Reseller, *names: str) -> list[ChangeResult]:
    """Name companies c1, c2...; what was answered."""
    some = [
        Change(
            reseller.uuid,
            Resource.COMPANY,
            f"c{number}",
            Put(read_content(Resource.COMPANY, f"c{number}", {"name": name})),
        )
        for number, name in enumerate(names, 1)
    ]
    (answer,) = changes.apply(database, [ChangeRequest(tuple(some))], public_url=URL)
    assert isinstance(answer, ChangesAnswer), answer
    return list(answer.results)


def versions(database: Database, reseller: Reseller) -> dict[str, int]:
    found = sync.snapshot(database, Resource.COMPANY, reseller_id=reseller.id, limit=100)
    return {one.uuid: one.version for one in found.records}


def made_by_step(database: Database) -> int:
    taken = backfills.step(database, public_url=URL)
    return taken.made if taken else 0


def digest_is_true(database: Database, reseller: Reseller) -> bool:
    held = sync.digest(database, Resource.COMPANY, reseller_id=reseller.id)
    return held == digest_of(versions(database, reseller).items())


def lift_all(database: Database, *, limit: int = generations.BATCH) -> int:
    return sum(iter(lambda: generations.lift(database, limit=limit), 0))


def test_a_raised_generation_lifts_the_versions_of_what_is_fed_again(
    database: Database, reseller: Reseller
) -> None:
    feed(database, reseller, "One", "Two")
    floor = generations.raise_floor(database).floor
    fed = feed(database, reseller, "One", "Changed", "New")

    assert [(one.action, one.version) for one in fed] == [
        ("CHANGED", floor + 1),
        ("CHANGED", floor + 1),
        ("ADDED", floor + 1),
    ]
    assert [one.action for one in feed(database, reseller, "One")] == ["UNCHANGED"]


def test_records_are_lifted_step_by_step_and_the_digest_follows(
    database: Database, reseller: Reseller
) -> None:
    feed(database, reseller, "One", "Two", "Three", "Four", "Five")
    floor = generations.raise_floor(database).floor
    generations.lift(database, limit=2)
    half = versions(database, reseller)
    feed(database, reseller, "One", "Two", "Three", "Changed")
    true_half_way = digest_is_true(database, reseller)
    lift_all(database, limit=2)

    assert sorted(half.values()) == [1, 1, 1, floor, floor]
    assert true_half_way
    assert versions(database, reseller) == {
        "c1": floor + 1, "c2": floor + 1, "c3": floor + 1, "c4": floor + 1, "c5": floor,
    }  # fmt: skip
    assert digest_is_true(database, reseller)
    assert generations.lift(database) == 0


def test_a_second_restore_lifts_everything_again(database: Database, reseller: Reseller) -> None:
    feed(database, reseller, "One", "Two")
    generations.raise_floor(database)
    generations.lift(database, limit=1)
    begun = generations.raise_floor(database, above=3 * 10**15)
    lift_all(database)

    assert (begun.number, begun.floor) == (3, 3 * 10**15)
    assert set(versions(database, reseller).values()) == {begun.floor}


def test_a_change_under_way_commits_before_the_generation_is_raised(
    database: Database, reseller: Reseller
) -> None:
    raising = Thread(target=lambda: generations.raise_floor(database))
    with database.write() as tx:
        _, reading = store.ask_with_resellers(tx, {reseller.uuid})()
        raising.start()
        raising.join(0.3)
        waits = raising.is_alive()
        records.add(tx, [factories.record(reseller_id=reseller.id)])
    raising.join()
    lift_all(database)

    assert waits
    assert reading.floor == 0
    assert set(versions(database, reseller).values()) == {generations.current(database).floor}


def test_a_running_backfill_begins_again_with_lifted_versions(
    database: Database, reseller: Reseller
) -> None:
    feed(database, reseller, "One", "Two")
    spec = Spec(url=f"{URL}/hook", resource=Resource.COMPANY, actions=frozenset({Action.CHANGED}))
    webhooks.add(database, Box([SECRET_KEY]), reseller.id, spec)
    assert backfills.begin_all(database, rate=1) == 1
    assert made_by_step(database) == 1
    floor = generations.raise_floor(database).floor
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE backfill SET next_at = 0")
    assert made_by_step(database) == 1

    with database.read() as tx:
        told = events.of_resource(
            tx, Resource.COMPANY, "c1", reseller_id=reseller.id, before=None, limit=9
        )
    assert [one.version for one in told] == [floor, 1, 1]


def test_a_store_that_stays_where_it_is_keeps_its_generation(
    database: Database, reseller: Reseller
) -> None:
    for name in ("One", "Two", "Three"):
        feed(database, reseller, name)
        assert generations.notice(database) is None

    assert generations.current(database).number == 1


def test_a_change_notices_by_itself_that_the_store_has_moved(
    database: Database, reseller: Reseller
) -> None:
    feed(database, reseller, "One")
    move(database)
    fed = feed(database, reseller, "Two")

    assert generations.current(database).number == 2
    assert fed[0].version == generations.current(database).floor + 1
    assert generations.notice(database) is None


def test_a_copy_of_a_postgres_database_is_noticed(on_postgres: Database, postgres: str) -> None:
    generations.notice(on_postgres)
    on_postgres.close()
    with copied(postgres, str(make_url(on_postgres.url).database)) as url:
        one = Database(url)
        begun = generations.notice(one)
        again = generations.notice(one)
        one.close()

    assert begun
    assert begun.number == 2
    assert again is None


class TestSqlite:
    """What is noticed of an SQLite file."""

    @pytest.fixture
    def database(self, on_sqlite: Database) -> Database:
        return on_sqlite

    @pytest.fixture
    def live(self, database: Database, reseller: Reseller) -> Path:
        """The file of a store that was in use, and is closed."""
        feed(database, reseller, "One")
        generations.notice(database)
        file = Database.file_of(database.url)
        assert file
        return file

    def test_a_backup_in_the_place_of_the_file(
        self, database: Database, live: Path, tmp_path: Path
    ) -> None:
        backup.copy(database, tmp_path / "copy.db")
        put_in_place(tmp_path / "copy.db", live, database)

        assert found(live) == 2

    def test_an_older_copy_made_by_other_means(
        self, database: Database, reseller: Reseller, live: Path, tmp_path: Path
    ) -> None:
        with database.write():
            shutil.copy(live, tmp_path / "copy.db")
            shutil.copy(f"{live}-wal", tmp_path / "copy.db-wal")
        feed(database, reseller, "Two")
        generations.notice(database)
        put_in_place(tmp_path / "copy.db", live, database)
        (tmp_path / "copy.db-wal").replace(f"{live}-wal")

        assert found(live) == 2

    def test_a_file_that_came_without_its_mark(self, database: Database, live: Path) -> None:
        database.close()
        live.with_name(live.name + ".newest-event").unlink()

        assert found(live) == 2

    def test_the_same_file_after_a_crash(
        self, database: Database, reseller: Reseller, live: Path
    ) -> None:
        feed(database, reseller, "Two")  # nobody has looked since
        database.close()

        assert found(live) == 1

    def test_the_mark_is_closed_to_other_users(self, live: Path) -> None:
        mark = live.with_name(live.name + ".newest-event")

        assert os.stat(mark).st_mode & 0o777 == 0o600


def put_in_place(copy: Path, file: Path, database: Database) -> None:
    database.close()
    for end in ("-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)
    copy.replace(file)


def found(file: Path) -> int:
    """The generation that whoever opens the file is in, after a look."""
    with closing(Database(f"sqlite:///{file}")) as one:
        generations.notice(one)
        assert generations.notice(one) is None
        return generations.current(one).number


TABLES = ("delivery", "event", "attempt", "record")


def last_numbers(database: Database) -> dict[str, int]:
    with database.read() as tx:
        return {table: horizon.last_number(tx, table) for table in TABLES}


def test_no_number_that_was_lost_is_given_again(database: Database, reseller: Reseller) -> None:
    feed(database, reseller, "One")
    order = int(record_numbers.next_uuid(database, Resource.ORDER))
    with database.write() as tx:
        factories.webhook(tx, reseller_id=reseller.id)
        factories.told(tx, factories.event(reseller_id=reseller.id))
        revision = revisions.newest(tx)
    before = last_numbers(database)
    generations.raise_floor(database)

    kept = TABLES if database.url.startswith("postgresql") else ("delivery",)
    after = last_numbers(database)
    assert all(after[table] - before[table] >= counters.GAP for table in kept)
    next_order = int(record_numbers.next_uuid(database, Resource.ORDER))
    assert next_order == order + counters.NUMBERS_GAP + 1
    assert int(record_numbers.next_uuid(database, Resource.INVOICE)) == counters.NUMBERS_GAP + 1
    with database.write() as tx:
        factories.webhook(tx, reseller_id=reseller.id, url=f"{URL}/another")
        assert revisions.newest(tx) > revision + counters.GAP


def test_an_order_that_comes_first_after_a_restore_gets_a_number_of_the_new_generation(
    database: Database,
) -> None:
    record_numbers.next_uuid(database, Resource.ORDER)
    move(database)
    number = int(record_numbers.next_uuid(database, Resource.ORDER))

    assert number > counters.NUMBERS_GAP
    assert generations.current(database).number == 2


def move(database: Database) -> None:
    """Let the store be one that was promoted, or a copy, since somebody looked."""
    generations.notice(database)
    other = "1/1/1/00000063" if database.url.startswith("postgresql") else "copy"
    with database.write() as tx:
        tx.connection.execute(update(generation).values(origin=other))


def retry(database: Database, row: WebhookRow) -> None:
    with database.read() as tx:
        (line,) = log.page(tx, LogQuery(row.reseller_id))
    deliveries.retry(database, line.delivery_id, reseller_id=row.reseller_id)


def retry_failed(database: Database, row: WebhookRow) -> None:
    manual_retry.retry_all_failed(database, row.reseller_id, None, database.clock.now())


def backfill(database: Database, row: WebhookRow) -> None:
    assert backfills.begin_all(database)
    backfills.step(database, public_url=URL)


@pytest.mark.parametrize("send_again", [retry, retry_failed, backfill])
def test_what_is_sent_again_first_after_a_restore_gets_a_number_of_the_new_generation(
    database: Database, reseller: Reseller, send_again: Callable[[Database, WebhookRow], None]
) -> None:
    with database.write() as tx:
        row = factories.webhook(tx, reseller_id=reseller.id)
    feed(database, reseller, "One")
    with database.write() as tx:
        (one,) = factories.due(tx, row.id)
        results.finish(tx, [factories.made(one, State.FAILED)])
    move(database)
    send_again(database, row)

    with database.read() as tx:
        (again,) = factories.due(tx, row.id)
    assert again.id > one.id + counters.GAP
