"""Sending from PostgreSQL: one worker and two, an old transaction held open, a million pending.

Workers are real processes, each over a link that counts what it carries. A variant's deliveries
are put into the store, due in a moment; then the time, CPU, rows and round trips until all are
delivered are taken. The variants take turns.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.engine_harness import KEY, Workplace
from bench.postgres import Link, Postgres
from bench.program import Process, Receiver, workshop
from reseller_webhooks import clock

COUNT = 10_000
ROUNDS = 3
WEBHOOKS, AT_ONCE = 100, 20
MILLION = 1_000_000
DAY = 86_400 * clock.SECOND
WITHIN_S = 120.0
SETTLE_S = 1.5
"""PostgreSQL tells what it has counted this late."""
COUNTED = "SELECT sum(tup_inserted + tup_updated + tup_deleted) FROM pg_stat_database"


@dataclass(frozen=True)
class Variant:
    name: str
    workers: int = 1
    held_open: bool = False
    pending: int = 0


@dataclass(frozen=True)
class Cost:
    """For each delivery, but per_s."""

    per_s: float
    cpu_us: float
    rows: float
    round_trips: float


VARIANTS = [
    Variant("1 worker"),
    Variant("2 workers", workers=2),
    Variant("1, a transaction held open", held_open=True),
    Variant("1, and 1,000,000 pending", pending=MILLION),
]


class Yard:
    """A PostgreSQL, a receiver, and workers when they are called."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = Postgres(directory)
        self.receiver = Receiver(directory)
        self.place = Workplace(self.postgres.url)
        reseller = self.place.reseller("Bench")
        self.hooks = [
            self.place.webhook(reseller, f"{self.receiver.url}/{n}", at_once=AT_ONCE)
            for n in range(WEBHOOKS)
        ]
        self.bodies = self.place.bodies(reseller, 500)
        self.links = [Link(self.postgres.socket) for _ in range(2)]

    def end(self) -> None:
        self.place.database.close()
        self.receiver.end()
        self.postgres.end()

    def prepare(self, variant: Variant) -> None:
        """Only what this variant wants is pending."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute("TRUNCATE delivery")
            self.place.pend(self.hooks, self.bodies, variant.pending, due=clock.now() + DAY)
            connection.execute("VACUUM ANALYZE delivery")

    def measure(self, variant: Variant) -> Cost:
        with self.working(variant.workers) as workers, self.held_open(variant):
            due = clock.now() + 3 * clock.SECOND
            self.place.pend(self.hooks, self.bodies, COUNT, due=due)
            time.sleep(SETTLE_S)
            cpu, rows, trips = _cpu_s(workers), self._counted(), self._trips()
            self._until_sent()
            took = (clock.now() - due) / clock.SECOND
            cpu, trips = _cpu_s(workers) - cpu, self._trips() - trips
            time.sleep(SETTLE_S)
            rows = self._counted() - rows
        return Cost(COUNT / took, cpu / COUNT * 1e6, rows / COUNT, trips / COUNT)

    @contextmanager
    def working(self, count: int) -> Iterator[list[Process]]:
        settings = {
            "RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/8",
            "RESELLER_WEBHOOKS_CA_FILE": str(self.directory / "ca.pem"),
            "RESELLER_WEBHOOKS_SECRET_KEYS": KEY,
        }
        workers = [
            Process(
                settings | {"RESELLER_WEBHOOKS_DATABASE": link.url},
                "--role",
                "worker",
                log=self.directory / "workers.log",
            )
            for link in self.links[:count]
        ]
        try:
            for one in workers:
                one.start()
            self._until_shared(count)
            yield workers
        finally:
            for one in workers:
                one.stop()

    @contextmanager
    def held_open(self, variant: Variant) -> Iterator[None]:
        """A reader that forgot its transaction: nothing that ends after now can be vacuumed."""
        with psycopg.connect(self.postgres.url) if variant.held_open else nullcontext() as one:
            if one:
                one.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                one.execute("SELECT count(*) FROM webhook")
            yield

    def _until_shared(self, workers: int) -> None:
        self._until((workers, 256), "SELECT count(DISTINCT owner), count(owner) FROM lease")

    def _until_sent(self) -> None:
        soon = clock.now() + DAY // 2
        self._until((0,), "SELECT count(*) FROM delivery WHERE next_at < %s", soon)

    def _until(self, wanted: tuple[int, ...], statement: str, *given: object) -> None:
        deadline = time.monotonic() + WITHIN_S
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            while connection.execute(statement, given or None).fetchone() != wanted:
                if time.monotonic() > deadline:
                    raise SystemExit(f"waited too long: {statement}")
                time.sleep(0.05)

    def _counted(self) -> int:
        with psycopg.connect(self.postgres.url) as connection:
            (count,) = connection.execute(COUNTED).fetchone() or (0,)
            return int(count)

    def _trips(self) -> int:
        return sum(link.sent for link in self.links)


def _cpu_s(workers: list[Process]) -> float:
    return sum(sum(one.process.cpu_times()[:2]) for one in workers)


def main() -> None:
    costs: dict[Variant, list[Cost]] = {variant: [] for variant in VARIANTS}
    with workshop() as directory:
        yard = Yard(directory)
        try:
            for _ in range(ROUNDS):
                for variant in VARIANTS:
                    yard.prepare(variant)
                    costs[variant].append(yard.measure(variant))
        finally:
            yard.end()
    _print(costs)


def _print(costs: dict[Variant, list[Cost]]) -> None:
    first = costs[VARIANTS[0]]
    print(f"{'':28}{'per s':>8}{'ratio':>7}{'CPU us':>8}{'ratio':>7}{'rows':>6}{'trips':>7}")
    for variant, some in costs.items():
        pairs = list(zip(some, first, strict=True))
        rate = statistics.median(one.per_s / base.per_s for one, base in pairs)
        cpu = statistics.median(one.cpu_us / base.cpu_us for one, base in pairs)
        print(
            f"{variant.name:28}{_median(some, 'per_s'):8.0f}{rate:7.2f}"
            f"{_median(some, 'cpu_us'):8.0f}{cpu:7.2f}"
            f"{_median(some, 'rows'):6.2f}{_median(some, 'round_trips'):7.3f}"
        )
    print(f"medians of {ROUNDS}; {COUNT} deliveries each; rows and round trips for each delivery")


def _median(some: list[Cost], name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in some))


if __name__ == "__main__":
    main()
