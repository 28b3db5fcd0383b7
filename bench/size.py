"""A big store beside a small one: make bench size, and SCALE=1 for the size of the targets.

Each page and API read is asked of both by turns, over HTTP from the real program, on SQLite and on
PostgreSQL. It is right when its answer is that of plain SQL and a page is under 100 KB, and quick
when it takes 1.5 times as long as in the small store, or 50 ms, at most. Then what one reseller's
large fan-out, retries and backfills do to another's changes. Exits 1 when a target is missed.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import backfills, fan_out, retry_all
from bench.beside import MEMORY_MB, Misses, measure_on_each_store
from bench.postgres import server as postgres_server
from bench.program import Server, workshop
from bench.size_reads import Read, reads_of
from bench.size_store import Size, built

SCALE = float(os.environ.get("SCALE", "0.05"))
SMALL = Size(
    webhooks=110, records=500, lines=2_000, pending=200, resellers=110, versions=60, large=20
)
TARGETS = Size(
    webhooks=2_000,
    records=500_000,
    lines=3_000_000,
    pending=50_000,
    resellers=2_000,
    versions=5_000,
    large=500,
)
RATIO_MAX = 1.5
WEBHOOKS_MIN, FAILED_MIN = 200, 40_000
"""Of fan-outs and retries at any scale, so that they last for 200 changes of others."""
ROUNDS, TRIES = 9, 3
"""A read that is too slow is measured anew: it misses its target when it does each time."""


def main() -> None:
    misses = Misses()
    print(f"scale {SCALE:g} of the targets\n{'':12}{'':34}{'small ms':>9}{'big ms':>9}{'ratio':>7}")
    for name, urls in (("SQLite", _files), ("PostgreSQL", _databases)):
        with workshop() as directory, urls(directory) as (small, big):
            _compare(name, directory, small, big, misses)
    measure_on_each_store(partial(_work, misses))
    misses.exit()


def _compare(name: str, directory: Path, small_url: str, big_url: str, misses: Misses) -> None:
    began = time.monotonic()
    with (
        built(directory / "small", small_url, SMALL) as small,
        built(directory / "big", big_url, TARGETS.scaled(SCALE)) as big,
    ):
        built_s = time.monotonic() - began
        for one, other in zip(reads_of(small), reads_of(big), strict=True):
            misses.add(f"{name} {one.name}", _row(name, one, other))
        memory = big.server.peak_mb()
        missed = f"more than {MEMORY_MB:.0f} MB" if memory > MEMORY_MB else ""
        print(f"{name:12}{'memory of the big one, most':34}{memory:18.0f} MB {missed}")
        misses.add(f"{name} memory", missed)
    print(f"{name:12}built in {built_s:.0f} s, all in {time.monotonic() - began:.0f} s", flush=True)


def _row(store: str, small: Read, big: Read) -> str:
    """What is wrong, nothing when all is well."""
    for _ in range(TRIES):
        one, other = _measure(small, big)
        if is_quick := other <= max(RATIO_MAX * one, big.quick_ms):
            break
    wrong = [f"small: {said}" for said in [small.check(small.get())] if said]
    wrong += [said for said in [big.check(big.get())] if said]
    wrong += [] if is_quick else ["SLOW"]
    said = ", ".join(wrong)
    print(f"{store:12}{big.name:34}{one:9.1f}{other:9.1f}{other / one:7.2f} {said}", flush=True)
    return said


def _measure(small: Read, big: Read) -> tuple[float, float]:
    """Medians in milliseconds, asked by turns."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for read, taken in zip((small, big), times, strict=True):
            began = time.perf_counter()
            read.get().raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
    one, other = (statistics.median(taken) for taken in times)
    return one, other


def _work(misses: Misses, name: str, server: Server, other: str) -> None:
    """What grows with a reseller, beside the changes of another one."""
    webhooks = max(TARGETS.scaled(SCALE).webhooks, WEBHOOKS_MIN)
    records = round(100_000 * SCALE)
    misses.extend(fan_out.measure(name, server, other, webhooks=webhooks, rounds=1))
    events = max(retry_all.EVENTS, FAILED_MIN // webhooks)
    misses.extend(retry_all.measure(name, server, other, webhooks=webhooks, events=events))
    misses.extend(backfills.measure(name, server, other, records=records))


@contextmanager
def _files(directory: Path) -> Iterator[tuple[str, str]]:
    yield f"sqlite:///{directory}/small.db", f"sqlite:///{directory}/big.db"


@contextmanager
def _databases(_: Path) -> Iterator[tuple[str, str]]:
    with postgres_server() as small, postgres_server() as big:
        yield small.url, big.url


if __name__ == "__main__":
    main()
