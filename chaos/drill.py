"""make drill: what happens in production, one incident after the other, on real processes.

Each incident is printed as a line: changes acknowledged; notifications expected by receivers that
work, received, lost, duplicate; order breaks; seconds until it went on by itself; the slowest
answer to a caller, and answers of 500. Then each promise of docs/engine.md is checked by its own
query. Exits 1 when anything is lost, an order is broken, a caller got 500, recovery took too long
or a promise is broken. `python -m chaos.drill NAME...` runs only the drills of these names.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.program import command, workshop
from chaos import incidents, incidents_service, incidents_sqlite
from chaos.promises import PROMISES, Verdict
from chaos.report import report_promises
from chaos.rig import FORBIDDEN, HOSTS, Line, Rig
from testkit.faketime import WallClock
from testkit.haproxy import haproxy
from testkit.packets import dropping
from testkit.pgbouncer import Mode, pgbouncer
from testkit.postgres import postgres_in, primary_and_standby
from testkit.roles import Roles
from testkit.small_disk import small_disk

DISK_MB = 400
SLOWEST_S = 10.5
GO_ON_WITHIN_S = 30.0
COLUMNS = ("acknowledged", "expected", "received", "lost", "duplicates", "order breaks", "seconds")
HEADING = f"{'':52}" + "".join(f"{name:>13}" for name in COLUMNS) + f"{'slowest':>9}{'500s':>6}"


@dataclass(frozen=True)
class Result:
    """Outcome of one drill."""

    bad_incidents: list[str]
    verdicts: list[Verdict]


def two_hosts(directory: Path) -> Result:
    """Processes that know the primary and the standby, and no part in between."""
    with primary_and_standby() as pair, rig(directory, pair.url, pair.url) as it:
        for incident in (
            incidents.recovering,
            incidents.read_only,
            incidents.hung_and_back,
            incidents.locked,
            incidents.late_commit,
            incidents.key_taken,
            incidents.network_cut,
            incidents.worker_killed,
            incidents.worker_stopped,
            incidents.no_worker,
            incidents.crashed,
        ):
            incident(it, pair.primary)
        incidents.hung(it, pair)
        return finished(it)


def one_machine(directory: Path) -> Result:
    """Several processes on one SQLite file, and a clock that can be set."""
    file = directory / "store.db"
    clock = WallClock(directory)
    url = f"sqlite:///{file}"
    with rig(directory, url, url, **clock.environment) as it:
        incidents_sqlite.worker_killed(it)
        for hours in (-3, 26, 0):
            incidents_sqlite.clock_set(it, clock, hours * incidents_sqlite.HOUR_S)
        incidents_sqlite.restored(it, file)
        return finished(it)


def packets_lost(directory: Path) -> Result:
    """Processes that know the primary and the standby, and lose the way to the primary."""
    with (
        primary_and_standby() as pair,
        dropping(f"--dport {pair.primary.port}", f"--sport {pair.primary.port}") as drop,
        rig(directory, pair.url, pair.url) as it,
    ):
        incidents.unreachable(it, pair, drop)
        return finished(it)


def behind_proxy(directory: Path) -> Result:
    """Processes that reach the primary through HAProxy."""
    with primary_and_standby() as pair, haproxy(pair.addresses.split(",")) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"
        with rig(directory, url, pair.url) as it:
            incidents.led_to_standby(it, proxy)
            incidents.vanished(it, proxy)
            incidents.failed_over_by_proxy(it, pair, proxy)
            return finished(it)


def pooled(directory: Path, mode: Mode) -> Result:
    """Processes that reach the primary through PgBouncer."""
    with (
        primary_and_standby() as pair,
        pgbouncer(pair.primary.url, mode) as pooler,
        rig(directory, pooler.url, pair.primary.url) as it,
    ):
        incidents.pooled(it, pooler)
        incidents.pooler_restarted(it, pooler)
        return finished(it)


def separate_roles(directory: Path) -> Result:
    """Processes whose role owns no table, and a PostgreSQL whose disk can be filled."""
    with small_disk(DISK_MB) as disk, postgres_in(disk.path) as server:
        roles = Roles(server.url)
        roles.create()
        command(os.environ | {"RESELLER_WEBHOOKS_DATABASE": roles.owner}, "migrate")
        roles.grant()
        with rig(directory, roles.service, roles.administrator) as it:
            incidents_service.rights_revoked(it, roles)
            incidents_service.certificates_replaced(it, directory)
            incidents_service.disk_filled(it, server, disk)
            incidents_service.started_first(it, server)
            return finished(it)


DRILLS: dict[str, Callable[[Path], Result]] = {
    "two-hosts": two_hosts,
    "one-machine": one_machine,
    "packets": packets_lost,
    "proxy": behind_proxy,
    "roles": separate_roles,
    "session": lambda directory: pooled(directory, "session"),
    "transaction": lambda directory: pooled(directory, "transaction"),
}


def main(names: Sequence[str]) -> int:
    results = []
    for name in names or DRILLS:
        with workshop(FORBIDDEN, *HOSTS) as directory:
            print(f"\n{name}\n{HEADING}", flush=True)
            results.append(DRILLS[name](directory))
    return _judge(results, is_whole=not names)


def _judge(results: Sequence[Result], *, is_whole: bool) -> int:
    """Print what is wrong; the exit code. is_whole: every promise must have been asked."""
    found = [verdict for result in results for verdict in result.verdicts]
    asked = {verdict.words for verdict in found if not verdict.not_asked}
    broken = {verdict.words for verdict in found if verdict.breaches}
    unasked = PROMISES.keys() - asked if is_whole else set()
    print(f"\n{len(asked - broken)} of {len(PROMISES)} promises hold")
    faults = [
        *(f"incident: {name}" for result in results for name in result.bad_incidents),
        *(f"broken: {words}" for words in sorted(broken)),
        *(f"never asked: {words}" for words in sorted(unasked)),
    ]
    print("\n".join(faults) or "all is well", flush=True)
    return 1 if faults else 0


@contextmanager
def rig(directory: Path, url: str, own: str, **settings: str) -> Iterator[Rig]:
    """A rig that runs, until the block ends."""
    it = Rig(directory, url, own, report=_print, settings=settings)
    try:
        it.start()
        yield it
    finally:
        it.end()


def finished(it: Rig) -> Result:
    """Ask every promise, and judge each incident."""
    bad = [line.name for line in it.lines if _is_bad(line)]
    return Result(bad, report_promises(it.read_evidence()))


def _print(line: Line) -> None:
    counts = (line.acknowledged, line.expected, line.received, line.lost, line.duplicates)
    row = "".join(f"{count:>13}" for count in (*counts, line.order_breaks))
    times = f"{line.seconds:>13.1f}{line.slowest_answer_s:>8.1f}s{line.answers_500:>6}"
    print(f"{line.name:52}{row}{times}", flush=True)


def _is_bad(line: Line) -> bool:
    slow = line.seconds > GO_ON_WITHIN_S or line.slowest_answer_s > SLOWEST_S
    return bool(line.lost or line.order_breaks or line.answers_500 or slow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
