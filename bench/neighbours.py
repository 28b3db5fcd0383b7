"""How 1,000 slow or dead webhooks of one reseller affect the others: ratios of pairs of spans.

A third of them answer 204 after 20 s, a third take requests and never answer, and the names of a
third are asked of a name server that never answers. Each wants ten requests at once. Twenty other
resellers have a webhook each, and changes come to them at a steady beat all the time. Each pair is
a span without the thousand webhooks, and one with a thousand new ones, whose circuits are closed.
"""

import asyncio
import logging
import sys
from pathlib import Path
from statistics import median

import structlog
import uvloop
from sqlalchemy import func, select

from bench import slow_receiver
from bench.engine_harness import Workplace
from bench.outage import Seen, Span, Street
from bench.program import Receiver, workshop
from bench.slow_receiver import SILENT, SLOW
from reseller_webhooks import clock
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.operations import webhooks
from reseller_webhooks.store.tables import attempt
from testkit import silent_name_server as name_server
from testkit.silent_name_server import BlockingResolver, SilentNameServer

OTHERS = 20
WEBHOOKS = 1_000
CHANGES = 10
"""Of the one reseller, so that each of its webhooks has ten deliveries to send."""
PAIRS, SPAN_S = 3, 15.0
WARM_S = 5.0
SETTLE_S = 3.0
EMPTY_WITHIN_S, LOOK_EVERY_S = 60.0, 0.5
"""Requests under way when their webhooks are deleted still end, after 30 s at the latest."""
FEW = 50


class Neighbours:
    """The engine, its webhooks, and when each change of the others was committed."""

    def __init__(self, directory: Path, street: Street, slow: int, *, webhooks: int) -> None:
        self.ca_file = directory / "ca.pem"
        self.place = Workplace(f"sqlite:///{directory}/neighbours.db")
        self.greedy = self.place.reseller("Greedy")
        self.others = [self.place.reseller(f"R{n}") for n in range(OTHERS)]
        for number, port in enumerate(street.ports):
            url = f"https://r{number}.receiver.test:{port}/hook"
            self.place.webhook(self.others[number], url)
        self.committed: dict[str, int] = {}
        self.pairs: list[tuple[Span, Span]] = []
        self.most = 0
        self._slow, self._webhooks = slow, webhooks

    async def run(self, resolver: BlockingResolver, pairs: int, span_s: float) -> None:
        async with self.place.sending(self.ca_file, resolve=resolver) as (engine, _):
            feeding = asyncio.create_task(self.place.feed(engine, self.others, self.committed))
            await asyncio.sleep(WARM_S)
            for _ in range(pairs):
                without = await _span(span_s)
                await asyncio.to_thread(self._begin)
                engine.wake()
                await asyncio.sleep(SETTLE_S)
                beside = await _span(span_s)
                self.most = max(self.most, engine.in_flight)
                self.pairs.append((without, beside))
                await asyncio.to_thread(self._end)
                engine.wake()
                await _until_empty(engine)
            feeding.cancel()

    def _begin(self) -> None:
        """A thousand new webhooks, and something to send to each."""
        for number in range(self._webhooks):
            self.place.webhook(self.greedy, self._url(number))
        self.place.change(self.greedy, [f"greedy-{n}" for n in range(CHANGES)])

    def _url(self, number: int) -> str:
        match number % 3:
            case 0:
                return f"https://a{number}.receiver.test:{self._slow}{SLOW}"
            case 1:
                return f"https://b{number}.receiver.test:{self._slow}{SILENT}"
        return f"https://c{number}{name_server.SILENT}/"

    def _end(self) -> None:
        database = self.place.database
        for row in webhooks.page(database, self.greedy, limit=self._webhooks):
            webhooks.delete(database, self.greedy, row.uuid)

    def failed_attempts(self) -> int:
        """Of the others."""
        with self.place.database.read() as tx:
            query = select(func.count()).where(
                attempt.c.reseller_id != self.greedy, attempt.c.reason.is_not(None)
            )
            return int(tx.connection.execute(query).scalar_one())


async def _span(seconds: float) -> Span:
    at = clock.now()
    await asyncio.sleep(seconds)
    return at, clock.now()


async def _until_empty(engine: Engine) -> None:
    for _ in range(round(EMPTY_WITHIN_S / LOOK_EVERY_S)):
        if engine.in_flight <= FEW:
            return
        await asyncio.sleep(LOOK_EVERY_S)
    sys.exit(f"{engine.in_flight} requests of deleted webhooks are still under way")


def percentiles(
    committed: dict[str, int], first: dict[str, int], span: Span
) -> tuple[float, float]:
    """Milliseconds from commit to receipt, the median and the 99th of 100."""
    start, end = span
    waits = sorted(
        (first.get(event, end + 60 * clock.SECOND) - at) / 1000
        for event, at in committed.items()
        if start <= at < end - clock.SECOND
    )
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100]


def measure(*, count: int, pairs: int, span_s: float) -> tuple[list[float], int]:
    """The p99 ratio of each pair, printed as well, and the failed attempts of the others."""
    with (
        workshop("*.receiver.test") as directory,
        Receiver(directory, slow_receiver.__name__) as slow,
        SilentNameServer() as silent,
    ):
        street = Street(directory, OTHERS)
        resolver = BlockingResolver(silent.port)
        try:
            bench = Neighbours(directory, street, slow.port, webhooks=count)
            uvloop.run(bench.run(resolver, pairs, span_s))
            return _report(bench, street.seen()), bench.failed_attempts()
        finally:
            street.end()
            resolver.close()


def _report(bench: Neighbours, seen: list[Seen]) -> list[float]:
    first: dict[str, int] = {}
    for _, event, at, _, _ in seen:
        first.setdefault(event, at)
    ratios = []
    for spans in bench.pairs:
        without, beside = (percentiles(bench.committed, first, span) for span in spans)
        ratios.append(beside[1] / without[1])
        print(
            f"  without: p50 {without[0]:.1f} ms, p99 {without[1]:.1f} ms; "
            f"beside: p50 {beside[0]:.1f} ms, p99 {beside[1]:.1f} ms; ratio {ratios[-1]:.2f}"
        )
    print(f"  at most {bench.most} requests under way")
    return ratios


def main() -> None:
    # Three thousand lines of circuits that open would hide the result.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    ratios, failed = measure(count=WEBHOOKS, pairs=PAIRS, span_s=SPAN_S)
    print(
        f"beside {WEBHOOKS} slow or dead webhooks of one reseller, others' p99: "
        f"{median(ratios):.2f} of what it is without ({min(ratios):.2f} to {max(ratios):.2f}; "
        f"target 1.5), {failed} failed attempts"
    )
    if median(ratios) > 1.5 or failed:
        sys.exit("one reseller's webhooks hold up others")


if __name__ == "__main__":
    main()
