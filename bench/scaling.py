"""Whether the cost of a delivery is constant: 1 to 10,000 webhooks, 0 to 1,000,000 pending.

Each variant has a store of its own; each measurement is a process of its own, which opens the
store, takes on the same number of new deliveries and sends them over TLS. Each has one of 100
webhooks with nothing pending beside it, by turns before it and after it.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvloop

from bench.engine_harness import Workplace
from bench.program import Receiver, workshop
from reseller_webhooks import clock
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.store.webhooks import webhooks

COUNT = 10_000
ROUNDS = 5
AT_ONCE = 64
DAY = 86_400 * clock.SECOND
BODIES = 500


@dataclass(frozen=True)
class Variant:
    """dead: whether what is pending is all of one webhook, which gets nothing new."""

    name: str
    webhooks: int
    pending: int = 0
    dead: bool = False


@dataclass(frozen=True)
class Cost:
    """For each delivery CPU in microseconds; opening in CPU milliseconds; memory in MB."""

    cpu_us: float
    per_s: float
    open_ms: float
    rss_mb: float


BASE = Variant("100 webhooks", 100)
VARIANTS = [
    Variant("1 webhook", 1),
    Variant("1,000 webhooks", 1_000),
    Variant("10,000 webhooks", 10_000),
    Variant("100 and 100,000 pending", 100, 100_000),
    Variant("100 and 1,000,000 pending", 100, 1_000_000),
    Variant("100 and 1,000,000 on one", 100, 1_000_000, dead=True),
]
EVERY = [BASE, *VARIANTS]


def main() -> None:
    with workshop() as directory:
        receiver = Receiver(directory)
        try:
            for variant in EVERY:
                _prepare(directory, variant, receiver.url)
            rounds = [
                [_pair(directory, variant, number) for variant in VARIANTS]
                for number in range(ROUNDS)
            ]
        finally:
            receiver.end()
    _print(rounds)


def _prepare(directory: Path, variant: Variant, url: str) -> None:
    place = Workplace(_url(directory, variant))
    reseller = place.reseller("Bench")
    at_once = max(2, AT_ONCE // variant.webhooks)
    hooks = [
        place.webhook(reseller, f"{url}/{n}", at_once=at_once) for n in range(variant.webhooks)
    ]
    bodies = place.bodies(reseller, BODIES)
    owners = [place.webhook(reseller, f"{url}/dead")] if variant.dead else hooks
    place.pend(owners, bodies, variant.pending, due=clock.now() + DAY, attempts=3)
    place.database.close()


def _pair(directory: Path, variant: Variant, number: int) -> tuple[Cost, Cost]:
    """Base and variant, one right after the other."""
    if number % 2:
        its = _measure(directory, variant)
        return _measure(directory, BASE), its
    return _measure(directory, BASE), _measure(directory, variant)


def _measure(directory: Path, variant: Variant) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scaling", str(directory), variant.name],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return Cost(*map(float, done.stdout.split()[-4:]))


def _print(rounds: list[list[tuple[Cost, Cost]]]) -> None:
    print(f"{'':28}{'CPU us':>8}{'ratio':>7}{'per s':>8}{'ratio':>7}{'open ms':>9}{'MB':>6}")
    _line(BASE, [(base, base) for one in rounds for base, _ in one])
    for number, variant in enumerate(VARIANTS):
        _line(variant, [one[number] for one in rounds])
    print(f"medians of {ROUNDS}; {COUNT} deliveries each; ratios to the first line, in each pair")


def _line(variant: Variant, pairs: list[tuple[Cost, Cost]]) -> None:
    some = [its for _, its in pairs]
    cpu = statistics.median(its.cpu_us / base.cpu_us for base, its in pairs)
    rate = statistics.median(its.per_s / base.per_s for base, its in pairs)
    print(
        f"{variant.name:28}{statistics.median(c.cpu_us for c in some):8.0f}{cpu:7.2f}"
        f"{statistics.median(c.per_s for c in some):8.0f}{rate:7.2f}"
        f"{statistics.median(c.open_ms for c in some):9.0f}{max(c.rss_mb for c in some):6.0f}"
    )


async def _alone(directory: Path, variant: Variant) -> Cost:
    """One measurement, in this process."""
    place = Workplace(_url(directory, variant))
    hooks = _there(place, variant)
    cpu = time.process_time()
    async with place.sending(directory / "ca.pem", slots=AT_ONCE) as (engine, store):
        await asyncio.sleep(1)  # what opening leaves to do: every webhook is scanned once
        open_ms = (time.process_time() - cpu) * 1000
        await asyncio.to_thread(_tell, place, hooks)
        engine.wake()
        await store.until(COUNT)  # warm: connections, and what is kept of each webhook
        cpu = time.process_time()
        own = await asyncio.to_thread(_tell, place, hooks)
        began = time.perf_counter()
        engine.wake()
        await store.until(2 * COUNT)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu - own
        rss_mb = psutil.Process().memory_info().rss / 2**20
    return Cost(cpu / COUNT * 1e6, COUNT / took, open_ms, rss_mb)


def _tell(place: Workplace, hooks: list[WebhookRow]) -> float:
    """Make deliveries of new events due; the CPU seconds this took, which are not the engine's."""
    began = time.thread_time()
    bodies = place.bodies(hooks[0].reseller_id, BODIES)
    place.pend(hooks, bodies, COUNT, due=clock.now() - clock.SECOND)
    return time.thread_time() - began


def _there(place: Workplace, variant: Variant) -> list[WebhookRow]:
    with place.database.read() as tx:
        return webhooks.page(tx, reseller_id=1, limit=variant.webhooks)


def _url(directory: Path, variant: Variant) -> str:
    return f"sqlite:///{directory}/flat-{EVERY.index(variant)}.db"


if __name__ == "__main__":
    chosen = next(one for one in EVERY if one.name == sys.argv[2])
    cost = uvloop.run(_alone(Path(sys.argv[1]), chosen))
    print(cost.cpu_us, cost.per_s, cost.open_ms, cost.rss_mb)
