"""Single changes to their durable results, fan-out 1, on both databases: cost of each change.

As fast as 16 callers go, and paced. BASELINE names another checkout: its program takes turns with
this one, and each figure stands beside the other's, with the median of the ratios of each turn.
Round trips and statements are counted in runs of their own, over a link that takes CPU itself.
"""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from bench import usage
from bench.postgres import Link, Postgres
from bench.program import Receiver, Server, workshop
from bench.single_caller import Caller
from testkit.processes import wait_until

CALLERS = 16
FULL_COUNT, PACED_S, WARM_UP = 3_000, 10, 1_500
PACES = (100, 300)
COUNTED_S, COUNTED_PER_S = 3, 100
SETTLE_S = 1.2
"""PostgreSQL tells what it has counted this late."""
PATIENCE_S = 60.0
THREADS = 5
STATISTICS = (
    "SELECT xact_commit, blks_hit + blks_read, tup_inserted, tup_updated, tup_deleted,"
    " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
    " FROM pg_stat_database WHERE datname = current_database()"
)
COUNTED = ("transactions", "buffers", "rows inserted", "rows updated", "rows deleted", "WAL bytes")
Figures = dict[str, float]


@dataclass
class Subject:
    """A program with a database, a receiver and callers of its own."""

    directory: Path
    server: Server
    receiver: Receiver
    caller: Caller
    postgres: Postgres | None
    link: Link | None
    figures: dict[str, list[Figures]] = field(default_factory=dict)

    def measure(self, name: str, count: int, per_s: float | None) -> None:
        """Make changes, and note what each cost."""
        self.receiver.ask("reset")
        time.sleep(SETTLE_S)
        counted, ours, theirs = self._counted(), self._usage(), self._usage_of_postgres()
        took_s, answered = self.caller.call(count, CALLERS, per_s)
        self.settle()
        ours, theirs = self._usage().since(ours), self._usage_of_postgres().since(theirs)
        time.sleep(SETTLE_S)
        counted = {what: now - counted[what] for what, now in self._counted().items()}
        each = {
            "CPU us": (ours.cpu_s + theirs.cpu_s) * 1e6,
            "CPU us, program": ours.cpu_s * 1e6,
            **{f"CPU us, {name}": cpu_s * 1e6 for name, cpu_s in _busiest(ours)},
            "CPU us, PostgreSQL": theirs.cpu_s * 1e6,
            "context switches, voluntary": ours.voluntary + theirs.voluntary,
            "context switches, involuntary": ours.involuntary + theirs.involuntary,
            **counted,
        }
        figures = {"changes a second": count / took_s, **_waits(self.receiver, answered)}
        figures |= {what: value / count for what, value in each.items() if value}
        self.figures.setdefault(name, []).append(figures)

    def settle(self) -> None:
        """Wait until no delivery is pending."""
        with _connected(self.server, self.postgres) as scalar:
            wait_until(lambda: scalar("SELECT count(*) FROM delivery") == 0, "results", PATIENCE_S)

    def _usage(self) -> usage.Usage:
        return usage.of([self.server.process])

    def _usage_of_postgres(self) -> usage.Usage:
        return usage.of([psutil.Process(self.postgres.pid)] if self.postgres else [])

    def _counted(self) -> Figures:
        if self.postgres is None:
            return {}
        with psycopg.connect(self.postgres.url) as connection:
            row = connection.execute(STATISTICS).fetchone() or ()
        return dict(zip(COUNTED, map(float, row), strict=True))


@contextmanager
def subject(
    source: Path | None, *, on_postgres: bool, over_link: bool = False
) -> Iterator[Subject]:
    """A program that runs. source: of another checkout."""
    with ExitStack() as stack:
        directory = stack.enter_context(workshop())
        postgres = Postgres(directory) if on_postgres else None
        link = Link(postgres.socket) if postgres and over_link else None
        settings = {"PYTHONPATH": str(source / "src")} if source else {}
        if postgres:
            stack.callback(postgres.end)
            settings["RESELLER_WEBHOOKS_DATABASE"] = (link or postgres).url
        server = Server(directory, **settings)
        server.start()
        stack.callback(server.kill)
        receiver = stack.enter_context(Receiver(directory))
        server.add_webhook(f"{receiver.url}/single", maxInFlight=64)
        caller = Caller(directory, server)
        stack.callback(caller.end)
        one = Subject(directory, server, receiver, caller, postgres, link)
        caller.call(WARM_UP, CALLERS, None)
        one.settle()
        yield one


def main() -> None:
    sources = [None, Path(os.environ["BASELINE"])] if "BASELINE" in os.environ else [None]
    for database in os.environ.get("DATABASES", "sqlite postgres").split():
        on_postgres = database == "postgres"
        with ExitStack() as stack:
            all_ = [
                stack.enter_context(subject(source, on_postgres=on_postgres)) for source in sources
            ]
            for turn in range(int(os.environ.get("ROUNDS", "3"))):
                for one in all_ if turn % 2 else reversed(all_):
                    _measure(one)
        _print(database, [one.figures for one in all_])
        if on_postgres:
            _print("postgres, counted", [{"all": [_counted_on_link(one)]} for one in sources])


def _measure(one: Subject) -> None:
    one.measure("full speed", FULL_COUNT, None)
    for pace in PACES:
        one.measure(f"{pace} a second", pace * PACED_S, pace)


def _counted_on_link(source: Path | None) -> Figures:
    """Round trips and statements of a change at a slow pace, and of a second without changes."""
    with subject(source, on_postgres=True, over_link=True) as one:
        assert one.link
        link, count = one.link, COUNTED_S * COUNTED_PER_S
        idle = _during(link, lambda: time.sleep(COUNTED_S))
        used = _during(link, lambda: _call_and_wait(one, count))
    names = ("round trips", "statements")
    found = {
        what: (all_ - none) / count for what, all_, none in zip(names, used, idle, strict=True)
    }
    return found | {
        f"{what}, idle, a second": n / COUNTED_S for what, n in zip(names, idle, strict=True)
    }


def _call_and_wait(one: Subject, count: int) -> None:
    one.caller.call(count, 1, COUNTED_PER_S)
    one.settle()


def _during(link: Link, work: Callable[[], None]) -> tuple[int, int]:
    before = link.sent, link.statements
    work()
    return link.sent - before[0], link.statements - before[1]


def _busiest(used: usage.Usage) -> Iterator[tuple[str, float]]:
    busiest = sorted(used.threads.values(), reverse=True)[:THREADS]
    for rank, cpu_s in enumerate(busiest, 1):
        yield f"thread {rank}", cpu_s


def _waits(receiver: Receiver, answered: dict[str, int]) -> Figures:
    """From the answer of a request to the receipt of its notification, or before it: then 0."""
    waits = sorted(
        max(0, at - answered[event]) / 1000 for event, at in receiver.times() if event in answered
    )
    return {f"p{share} ms": waits[len(waits) * share // 100] for share in (50, 99)}


def _print(title: str, figures: list[dict[str, list[Figures]]]) -> None:
    for name, ours in figures[0].items():
        print(f"{title}, {name}{', beside the baseline' * (len(figures) > 1)}")
        for what in ours[0]:
            rows = [[turn.get(what, 0.0) for turn in one[name]] for one in figures]
            print(
                f"  {what:32}" + "".join(f"{statistics.median(row):12,.2f}" for row in rows), end=""
            )
            if len(rows) > 1 and all(rows[1]):
                ratios = [one / base for one, base in zip(*rows, strict=True)]
                print(f"{statistics.median(ratios):8.2f}", end="")
            print(flush=True)


@contextmanager
def _connected(server: Server, postgres: Postgres | None) -> Iterator[Callable[[str], int]]:
    """Asks the store for a number."""
    if postgres:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            yield lambda query: int((connection.execute(query).fetchone() or [0])[0])
    else:
        with closing(sqlite3.connect(server.directory / "bench.db")) as file:
            yield lambda query: int(file.execute(query).fetchone()[0])


if __name__ == "__main__":
    main()
