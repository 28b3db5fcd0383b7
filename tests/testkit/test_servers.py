"""The starters of real servers do what drills rely on."""

import psycopg
import pytest

from testkit.haproxy import haproxy
from testkit.pgbouncer import Mode, pgbouncer
from testkit.postgres import Pair, Postgres, postgres, primary_and_standby
from testkit.processes import needs, wait_until


@pytest.mark.timeout(60)
def test_a_standby_has_what_the_primary_committed_and_takes_over_from_one_that_hangs() -> None:
    with primary_and_standby() as pair:
        pair.primary.run("CREATE TABLE kept AS SELECT 1 AS a")
        pair.primary.pause()
        pair.fail_over()
        pair.standby.run("INSERT INTO kept VALUES (2)")

        assert pair.standby.value("SELECT count(*) FROM kept") == 2

        pair.primary.resume()

        assert pair.primary.value("SELECT count(*) FROM kept") == 1


@needs("haproxy")
def test_a_proxy_leads_to_the_server_that_is_chosen() -> None:
    with primary_and_standby() as pair, haproxy([s.address for s in _both(pair)]) as proxy:
        with psycopg.connect(_through(proxy.port), autocommit=True) as before:
            assert before.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)

            proxy.switch(1)
            with pytest.raises(psycopg.OperationalError):
                before.execute("SELECT 1")
        with psycopg.connect(_through(proxy.port)) as after:
            assert after.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


@needs("pgbouncer")
@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pgbouncer_pools_as_it_is_told(mode: Mode) -> None:
    with postgres() as server, pgbouncer(server.url, mode) as bouncer:
        with psycopg.connect(bouncer.url, autocommit=True) as one:
            one.execute("SET work_mem = '1234kB'")
            with psycopg.connect(bouncer.url, autocommit=True) as other:
                leaked = other.execute("SHOW work_mem").fetchone() == ("1234kB",)

        assert leaked == (mode == "transaction")


def test_a_killed_server_starts_again() -> None:
    with postgres() as server:
        server.run("CREATE TABLE kept AS SELECT 1 AS a")
        server.kill()

        assert not server.answers()

        server.start()
        wait_until(lambda: server.value("SELECT a FROM kept") == 1, "the table is there")


def _both(pair: Pair) -> tuple[Postgres, Postgres]:
    return pair.primary, pair.standby


def _through(port: int) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"
