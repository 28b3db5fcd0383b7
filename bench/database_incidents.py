"""What happens to a database in production, one incident after the other, on real processes.

PostgreSQL with a standby, HAProxy, PgBouncer in both modes. Callers go on all the time. Each line
tells what was acknowledged, lost and doubled, what callers were answered and how late, and how
soon after the incident had ended the first change was accepted and delivered again.

    python -m bench.database_incidents [NAME ...]
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.incidents import Callers, Platform, Verdict, judged
from bench.program import workshop
from testkit.haproxy import HAProxy, haproxy
from testkit.pgbouncer import Mode, pgbouncer
from testkit.postgres import Pair, postgres, primary_and_standby

BEFORE_S = 3.0
AFTER_S = 12.0


def measured(
    name: str, database: str, direct: str, incident: Callable[[], float | None]
) -> Verdict:
    """Run an incident, which ends when it returns, or at the instant that it returns."""
    with workshop() as directory, Platform(directory, database, direct) as platform:
        with Callers(platform) as callers:
            time.sleep(BEFORE_S)
            healed_at = incident() or time.time()
            time.sleep(AFTER_S)
        verdict = judged(name, platform, callers, healed_at)
        if not verdict.good:
            _keep_logs(name, directory)
    return verdict


def read_only() -> Verdict:
    """The whole server refuses writes for 10 s."""
    with postgres() as server:

        def incident() -> None:
            server.set("default_transaction_read_only", "on")
            time.sleep(10)
            server.set("default_transaction_read_only", "off")

        return measured("read-only for 10 s", server.url, server.url, incident)


def killed() -> Verdict:
    """kill -9 of the server, started again after 3 s."""
    with postgres() as server:

        def incident() -> None:
            server.kill()
            time.sleep(3)
            server.start()

        return measured("kill -9, started after 3 s", server.url, server.url, incident)


def hangs() -> Verdict:
    """SIGSTOP of every process of the server for 25 s, and nobody takes over."""
    with postgres() as server:

        def incident() -> None:
            server.pause()
            time.sleep(25)
            server.resume()

        return measured("hangs for 25 s (SIGSTOP)", server.url, server.url, incident)


def hangs_and_standby_takes_over() -> Verdict:
    """SIGSTOP of the primary; the standby is promoted after 3 s, and the DSN names both."""

    def incident(pair: Pair) -> None:
        pair.primary.pause()
        time.sleep(3)
        pair.fail_over()

    with primary_and_standby() as pair:
        return measured(
            "primary hangs, standby promoted",
            _both(pair),
            pair.primary.url,
            lambda: incident(pair),
        )


def packets_vanish_and_standby_takes_over() -> Verdict:
    """Every packet from and to the primary is dropped; the standby is promoted after 3 s."""
    with primary_and_standby() as pair, _dropping(pair.primary.port) as drop:

        def incident() -> None:
            drop()
            time.sleep(3)
            pair.fail_over()

        return measured("packets vanish, standby promoted", _both(pair), pair.primary.url, incident)


def proxy_leads_to_a_standby() -> Verdict:
    """HAProxy leads to the standby for 5 s, which is read-only, and back."""
    with primary_and_standby() as pair, _in_front_of(pair) as (proxy, url):

        def incident() -> None:
            proxy.switch(1, cut=True)
            time.sleep(5)
            proxy.switch(0, cut=True)

        return measured("proxy leads to a standby for 5 s", url, pair.primary.url, incident)


def proxy_fails_over() -> Verdict:
    """The primary hangs; after 3 s the standby is promoted, and HAProxy leads there without
    ending the connections that it has."""
    with primary_and_standby() as pair, _in_front_of(pair) as (proxy, url):

        def incident() -> None:
            pair.primary.pause()
            time.sleep(3)
            pair.fail_over()
            proxy.switch(1, cut=False)

        return measured("proxy fails over, old one hangs", url, pair.primary.url, incident)


def table_is_locked() -> Verdict:
    """Somebody holds an exclusive lock on the deliveries for 25 s."""
    with postgres() as server:

        def incident() -> None:
            with psycopg.connect(server.url) as connection:
                connection.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
                time.sleep(25)

        return measured("delivery locked for 25 s", server.url, server.url, incident)


def bounced_by_session() -> Verdict:
    """PgBouncer in session mode, killed and started again under load."""
    return _bounced("session")


def bounced_by_transaction() -> Verdict:
    """PgBouncer in transaction mode, killed and started again under load."""
    return _bounced("transaction")


INCIDENTS = (
    read_only,
    killed,
    hangs,
    hangs_and_standby_takes_over,
    packets_vanish_and_standby_takes_over,
    proxy_leads_to_a_standby,
    proxy_fails_over,
    table_is_locked,
    bounced_by_session,
    bounced_by_transaction,
)


def main(names: list[str]) -> int:
    bad = 0
    for incident in INCIDENTS:
        if not names or incident.__name__ in names:
            verdict = incident()
            print(verdict.line(), flush=True)
            bad += not verdict.good
    return 1 if bad else 0


def _bounced(mode: Mode) -> Verdict:
    with postgres() as server, pgbouncer(server.url, mode) as bouncer:

        def incident() -> None:
            time.sleep(8)
            bouncer.kill()
            time.sleep(2)
            bouncer.start()

        return measured(f"PgBouncer {mode} mode, killed", bouncer.url, server.url, incident)


def _both(pair: Pair) -> str:
    return f"postgresql://postgres@{pair.addresses}/postgres"


@contextmanager
def _in_front_of(pair: Pair) -> Iterator[tuple[HAProxy, str]]:
    with haproxy([pair.primary.address, pair.standby.address]) as proxy:
        yield proxy, f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"


@contextmanager
def _dropping(port: int) -> Iterator[Callable[[], None]]:
    rules = [
        ["INPUT", "-i", "lo", "-p", "tcp", f"--{side}", str(port), "-j", "DROP"]
        for side in ("dport", "sport")
    ]

    def drop() -> None:
        for rule in rules:
            subprocess.run(["iptables", "-I", *rule], check=True)

    try:
        yield drop
    finally:
        for rule in rules:
            subprocess.run(["iptables", "-D", *rule], check=False, capture_output=True)


def _keep_logs(name: str, directory: Path) -> None:
    for path in directory.glob("*.log"):
        print(f"--- {name}: {path.name}", *path.read_text().splitlines()[-15:], sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
