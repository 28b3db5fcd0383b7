"""A database that hangs, is read-only or moves: calls end in time, and go on by themselves."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.notify import Notifications
from testkit.haproxy import haproxy
from testkit.pgbouncer import Mode, pgbouncer
from testkit.postgres import Pair, Postgres, postgres, primary_and_standby
from testkit.processes import needs, wait_until

PLACE = text("SELECT inet_server_port()")
ADD = "INSERT INTO kept (writer, number) VALUES (%(writer)s, %(number)s)"
RESET = "ALTER DATABASE postgres RESET default_transaction_read_only"
WRITERS, ROUNDS = 8, 40


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as one:
        one.run("CREATE TABLE kept (writer int, number int)")
        yield one


@pytest.fixture
def pair() -> Iterator[Pair]:
    with primary_and_standby() as one:
        yield one


@contextmanager
def opened(url: str) -> Iterator[Database]:
    one = Database(url)
    try:
        yield one
    finally:
        one.close()


def where(database: Database) -> int:
    """The port of the server that takes writes, as seen from a transaction of ours."""
    with database.write() as tx:
        return int(tx.connection.execute(PLACE).scalar_one())


def takes_writes(database: Database) -> bool:
    try:
        return bool(where(database))
    except Unavailable:
        return False


def cause(database: Database, statement: str = "SELECT 1") -> Cause:
    with pytest.raises(Unavailable) as refused, database.write() as tx:
        tx.connection.execute(text(statement))
    return refused.value.cause


def test_a_statement_that_is_never_answered_ends_in_time(server: Postgres) -> None:
    with opened(server.url) as database:

        def asked() -> None:
            with database.within(1).write() as tx:
                server.pause()
                tx.connection.execute(PLACE)

        began = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            asked()
        took_s = time.monotonic() - began
        server.resume()

        assert refused.value.cause is Cause.AWAY
        assert took_s < 3
        assert where(database) == server.port


def test_a_server_that_hangs_is_told_of_in_time_and_used_again_afterwards(server: Postgres) -> None:
    with opened(server.url) as database:
        where(database)
        server.pause()
        began = time.monotonic()
        found = cause(database)
        took_s = time.monotonic() - began
        server.resume()

        assert found is Cause.AWAY
        assert took_s < 10
        assert where(database) == server.port


def test_a_promoted_standby_is_found_while_the_old_primary_hangs(pair: Pair) -> None:
    with opened(pair.url) as database:
        before = where(database)
        pair.primary.pause()
        pair.fail_over()
        took_s = wait_until(lambda: takes_writes(database), "the standby takes writes")
        began = time.monotonic()
        after = [where(database) for _ in range(3)]

        assert before == pair.primary.port
        assert after == [pair.standby.port] * 3
        assert took_s < 15
        assert time.monotonic() - began < 2


@needs("haproxy")
def test_a_server_that_became_read_only_is_left_for_the_one_that_the_proxy_leads_to(
    pair: Pair,
) -> None:
    with (
        haproxy([pair.primary.address, pair.standby.address]) as proxy,
        opened(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres") as database,
    ):
        where(database)
        proxy.switch(1)
        on_standby = cause(database)
        with pytest.raises(Unavailable), database.read() as tx:
            tx.connection.execute(PLACE)
        proxy.switch(0, cut=False)

        assert on_standby is Cause.READ_ONLY
        assert where(database) == pair.primary.port


def test_a_server_that_takes_no_changes_is_still_read_from(server: Postgres) -> None:
    with opened(server.url) as database:
        where(database)
        server.run("ALTER DATABASE postgres SET default_transaction_read_only = on")
        database.engine.dispose()
        found = cause(database)
        with database.read() as tx:
            read = tx.connection.execute(PLACE).scalar_one()
        server.run(RESET)

        assert (found, read) == (Cause.READ_ONLY, server.port)
        assert where(database) == server.port


@needs("pgbouncer")
@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_many_threads_write_through_pgbouncer(server: Postgres, mode: Mode) -> None:
    server.run("TRUNCATE kept")
    failed: list[BaseException] = []
    with pgbouncer(server.url, mode) as bouncer, opened(bouncer.url) as database:

        def write(writer: int) -> None:
            try:
                for number in range(ROUNDS):
                    with database.write() as tx:
                        given = {"writer": writer, "number": number}
                        tx.connection.exec_driver_sql(ADD, given)
                        tx.connection.exec_driver_sql(ADD, [given, given])
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failed == []
    assert server.value("SELECT count(*) FROM kept") == WRITERS * ROUNDS * 3


@needs("pgbouncer")
@pytest.mark.parametrize(("mode", "hears"), [("session", True), ("transaction", False)])
def test_hints_are_listened_to_where_a_session_is_ones_own(
    server: Postgres, mode: Mode, hears: bool
) -> None:
    heard = threading.Event()
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    with pgbouncer(server.url, mode) as bouncer:
        hints = Notifications(bouncer.url, heard.set)
        hints.start(listens=True)
        try:
            for _ in range(50 if hears else 10):
                hints.give()
                if heard.wait(0.1):
                    break
            listens = server.value(listening)
        finally:
            hints.stop()

    assert heard.is_set() is hears
    assert bool(listens) is hears
