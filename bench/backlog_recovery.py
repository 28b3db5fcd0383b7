"""The morning after a day on which nothing was sent: every one of 10,000 webhooks is late.

1,000,000 deliveries have been due for half a day. Meanwhile other resellers' changes go on at a
steady beat, and must not wait for the backlog: how long they take from commit to receipt, before
the day and after it, in one process on one store. And how much memory that needs.
"""

import asyncio
import time
from pathlib import Path

import psutil
import uvloop

from bench.engine_harness import Workplace
from bench.program import Receiver, workshop
from reseller_webhooks import clock

WEBHOOKS = 10_000
BACKLOG = 1_000_000
OTHERS = 50
BODIES = 500
AGE = clock.DAY // 2
SETTLE_S, SPAN_S = 15.0, 20.0
"""Webhooks that have just been made are read again for some seconds; those of a day ago are not."""


class Morning:
    """What is in the store, and when each change was committed."""

    def __init__(self, directory: Path, receiver: Receiver) -> None:
        self._ca_file = directory / "ca.pem"
        self._receiver = receiver
        self.place = Workplace(f"sqlite:///{directory}/day.db")
        self._late = self.place.reseller("Late")
        self._hooks = [
            self.place.webhook(self._late, f"{receiver.url}/{n}", at_once=2)
            for n in range(WEBHOOKS)
        ]
        self._others = [self.place.reseller(f"R{n}") for n in range(OTHERS)]
        for one in self._others:
            self.place.webhook(one, f"{receiver.url}/other-{one}")

    def sleep_in(self) -> None:
        """Let the day pass."""
        bodies = self.place.bodies(self._late, BODIES)
        self.place.pend(self._hooks, bodies, BACKLOG, due=clock.now() - AGE)

    async def span(self) -> tuple[list[float], float, float]:
        """Waits of the others in milliseconds, in order; deliveries a second; memory in MB."""
        self._receiver.ask("reset")
        async with self.place.sending(self._ca_file) as (engine, store):
            committed: dict[str, int] = {}
            feeding = asyncio.create_task(self.place.feed(engine, self._others, committed))
            await asyncio.sleep(SETTLE_S)
            start, written = clock.now(), store.written
            rss = await _highest_rss(SPAN_S)
            end, per_s = clock.now() - clock.SECOND, (store.written - written) / SPAN_S
            feeding.cancel()
        return self._waits(committed, start, end), per_s, rss

    def _waits(self, committed: dict[str, int], start: int, end: int) -> list[float]:
        first: dict[str, int] = {}
        for one, at in self._receiver.times():
            first.setdefault(one, at)
        never = end + clock.SECOND * 60
        some = {one: at for one, at in committed.items() if start <= at < end}
        return sorted((first.get(one, never) - at) / 1000 for one, at in some.items())


async def _highest_rss(seconds: float) -> float:
    process, highest = psutil.Process(), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        highest = max(highest, process.memory_info().rss)
        await asyncio.sleep(0.1)
    return highest / 2**20


def main() -> None:
    with workshop() as directory:
        receiver = Receiver(directory)
        try:
            morning = Morning(directory, receiver)
            before = uvloop.run(morning.span())
            morning.sleep_in()
            after = uvloop.run(morning.span())
        finally:
            receiver.end()
    for name, (waits, per_s, rss) in (("before", before), ("after", after)):
        p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        share = p99 / before[0][len(before[0]) * 99 // 100]
        print(
            f"{name:7} others p50 {p50:5.1f} ms, p99 {p99:5.1f} ms, {share:5.2f} of before; "
            f"{per_s:6.0f} deliveries/s, {rss:4.0f} MB"
        )
