"""Durations of others' changes beside large work, paired with those without it."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bench import postgres
from bench.engine_harness import KEY
from bench.program import Server, workshop
from reseller_webhooks.store.db.database import Database

BEAT_S, ASK_S = 0.025, 0.25
"""How often a change is sent, and how often it is asked whether the other work goes on."""
CALLERS = 8
KEYS = {"RESELLER_WEBHOOKS_SECRET_KEYS": KEY}
P99_UP_MAX_MS, MEMORY_MB = 100.0, 300.0
SAMPLES_MIN = 200
"""Fewer durations say nothing about p99: its value is then one of the two slowest."""


class Misses:
    """The targets that were missed."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, what: str, missed: str) -> None:
        """Nothing when it was not missed."""
        if missed:
            self._found.append(f"{what}: {missed}")

    def extend(self, outcomes: "Iterable[Outcome]") -> None:
        """What they missed."""
        for outcome in outcomes:
            for one in outcome.missed():
                self.add(outcome.name, one)

    def exit(self) -> None:
        """Name them and end with status 1, if there are any."""
        if self._found:
            sys.exit("missed:\n  " + "\n  ".join(self._found))


@dataclass(frozen=True)
class Waits:
    """Durations of the other's changes in milliseconds, sorted: without the work and beside it."""

    quiet: list[float]
    beside: list[float]

    def missed(self) -> list[str]:
        """Targets that these waits missed; too few durations miss them too."""
        few = min(len(self.quiet), len(self.beside))
        if few < SAMPLES_MIN:
            return [f"no p99 of {few} changes, {SAMPLES_MIN} wanted"]
        up = _part(self.beside, 99) - _part(self.quiet, 99)
        return [f"others' p99 up by {up:.0f} ms"] if up > P99_UP_MAX_MS else []

    def print(self) -> None:
        """One line without the work and one beside it."""
        for what, durations in (("quiet", self.quiet), ("beside", self.beside)):
            p99 = (
                f"p99 {_part(durations, 99):5.0f}" if len(durations) >= SAMPLES_MIN else "no p99   "
            )
            print(
                f"    others' change {what:6}: p50 {_part(durations, 50):5.0f} ms, {p99}, "
                f"slowest {durations[-1]:5.0f}, of {len(durations)}"
            )


@dataclass(frozen=True)
class Outcome:
    """Large work of one reseller, beside the changes of another.

    waits: None where others' changes were not measured. peak_mb: the program's highest memory.
    wrong: how the store differs from what plain SQL should find, nothing when it does not.
    within_s: how long it may take, where there is a target.
    """

    name: str
    took_s: float
    waits: Waits | None
    peak_mb: float
    wrong: str = ""
    within_s: float | None = None

    def missed(self) -> list[str]:
        """The targets that it missed."""
        found = [self.wrong] if self.wrong else []
        found += self.waits.missed() if self.waits else []
        if self.peak_mb > MEMORY_MB:
            found.append(f"{self.peak_mb:.0f} MB")
        if self.within_s is not None and self.took_s > self.within_s:
            found.append(f"{self.took_s:.0f} s for {self.within_s:.0f} s")
        return found

    def print(self) -> "Outcome":
        """A line for it, two for how others waited, and what it missed."""
        print(f"  {self.name}: {self.took_s:.1f} s, at most {self.peak_mb:.0f} MB")
        if self.waits:
            self.waits.print()
        print("".join(f"    MISSED: {one}\n" for one in self.missed()), end="", flush=True)
        return self


def measure_on_each_store(measure: Callable[[str, Server, str], None]) -> None:
    """Measure a new server on SQLite, then on PostgreSQL.

    measure: takes the store's name, the server, and the id of another reseller.
    """
    for name, new_server in (("SQLite", _on_sqlite), ("PostgreSQL", _on_postgresql)):
        with new_server() as server:
            other = server.command("resellers", "add", "Other")
            server.start()
            try:
                measure(name, server, other)
            finally:
                server.kill()


@contextmanager
def _on_sqlite() -> Iterator[Server]:
    with workshop() as directory:
        yield Server(directory, **KEYS)


@contextmanager
def _on_postgresql() -> Iterator[Server]:
    with workshop() as directory, postgres.server() as store:
        yield Server(directory, **KEYS, RESELLER_WEBHOOKS_DATABASE=store.url)


def add_paused_webhooks(server: Server, count: int) -> None:
    """Webhooks that gather deliveries, so that no receiver is measured."""

    def add(number: int) -> None:
        webhook = server.add_webhook(f"https://127.0.0.1:9/{number}")
        server.order(webhook["id"], "pause")

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(add, range(count)))


def quiet_beat(server: Server, reseller: str) -> list[float]:
    """Durations of the other reseller's changes without large work, enough for a p99."""
    return beat(server, reseller, lambda: False, at_least=SAMPLES_MIN)


def beat(
    server: Server, reseller: str, goes_on: Callable[[], bool], *, at_least: int = 1
) -> list[float]:
    """Durations of the other reseller's changes, in milliseconds, sorted.

    goes_on: whether the work beside them does, asked every ASK_S.
    """
    durations: list[float] = []
    following = ask_at = time.monotonic()
    while len(durations) < at_least or time.monotonic() < ask_at or goes_on():
        if time.monotonic() >= ask_at:
            ask_at = time.monotonic() + ASK_S
        time.sleep(max(0.0, following - time.monotonic()))
        following = max(following + BEAT_S, time.monotonic())
        name = f"Beat {time.monotonic_ns()}"
        change = server.company(len(durations), name) | {"reseller": reseller}
        began = time.perf_counter()
        server.change([change])
        durations.append((time.perf_counter() - began) * 1000)
    return sorted(durations)


def plain_row(server: Server, statement: str) -> tuple[Any, ...]:
    """The one row that plain SQL finds."""
    database = Database(server.environment["RESELLER_WEBHOOKS_DATABASE"])
    try:
        with database.read() as tx:
            return tuple(tx.connection.execute(text(statement)).one())
    finally:
        database.close()


def exit_if_missed(measure: Callable[[str, Server, str], Iterable[Outcome]]) -> None:
    """Measure on each store, and exit 1 when a target was missed."""
    misses = Misses()
    measure_on_each_store(lambda *given: misses.extend(measure(*given)))
    misses.exit()


def _part(durations: list[float], percent: int) -> float:
    return durations[min(len(durations) - 1, len(durations) * percent // 100)]
