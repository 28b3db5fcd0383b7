"""The outage drill: of 200 receivers one was dead for a day, and 200,000 deliveries wait for it.

The engine and its store are real; the day is not waited for: its deliveries are put into the store
as the day leaves them. Everybody's changes go on at a steady beat all the time. First the receiver
answers 503, then it is well again and its backlog goes out. What the others feel of either is asked
in pairs of spans that take turns: in one of them the receiver's webhooks are paused. A second
webhook of it wants latest states only, and waits with many versions of few resources.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from statistics import median

import uvloop

from bench.chart import Curve, draw
from bench.engine_harness import Workplace
from bench.program import workshop
from reseller_webhooks import clock
from reseller_webhooks.core.webhooks.settings import Mode
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.operations import webhooks

RECEIVERS = 200
PENDING = 200_000
VERSIONS, RESOURCES = 20, 500
AT_ONCE = 16
WARM_S = 12.0
"""Each of the others has been told something by then, and has its connections."""
SETTLE_S = 15.0
"""What was just written is looked at again for some seconds; a day's backlog was not."""
RECOVERY_S = 60.0
"""As long as the picture is wide."""
PAIRS, SPAN_S = 6, 8.0
TURN_S = 1.5
"""A pause has been heard of, and what was under way has come back."""
WAITS_S = (50.0, 300.0)
"""A first wait of 50 s lets the circuit probe every 5 to 50 s, so that the drill is short."""
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "outage.svg"

Seen = tuple[int, str, int, int, int]
Span = tuple[int, int]


class Street:
    """bench/many_receivers.py in its own process."""

    def __init__(self, directory: Path, count: int = RECEIVERS) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.many_receivers", str(directory), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.ports = [int(one) for one in self._process.stdout.readline().split()]

    def ask(self, order: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def seen(self) -> list[Seen]:
        lines = Path(self.ask("times")).read_text().splitlines()
        rows = [line.split() for line in lines]
        return [(int(n), one, int(at), int(s), int(c)) for n, one, at, s, c in rows]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Drill:
    """What happens on the street, and when each change was committed."""

    def __init__(self, directory: Path, street: Street) -> None:
        self.street = street
        self.ca_file = directory / "ca.pem"
        self.place = Workplace(f"sqlite:///{directory}/outage.db")
        self.resellers = [self.place.reseller(f"R{n}") for n in range(RECEIVERS)]
        self.hooks = [
            self.place.webhook(reseller, f"https://127.0.0.1:{port}/hook", at_once=AT_ONCE)
            for reseller, port in zip(self.resellers, street.ports, strict=True)
        ]
        self.committed: dict[str, int] = {}
        self.pairs: dict[str, list[tuple[Span, Span]]] = {}
        self.recovery: Span = (0, 0)

    async def run(self) -> None:
        async with self.place.sending(self.ca_file, waits_s=WAITS_S) as (engine, _):
            feeding = asyncio.create_task(
                self.place.feed(engine, self.resellers[1:], self.committed)
            )
            await asyncio.sleep(WARM_S)
            felled = await asyncio.to_thread(self._day)
            engine.wake()
            await asyncio.sleep(SETTLE_S)
            self.pairs["it is dead"] = await self._pairs(engine, felled)
            self.street.ask("well")
            self.recovery = await _span(RECOVERY_S)
            self.pairs["its backlog goes out"] = await self._pairs(engine, felled)
            feeding.cancel()

    def _day(self) -> list[WebhookRow]:
        """What a day without this receiver leaves; its webhooks."""
        self.street.ask("dead")
        dead = self.hooks[0]
        bodies = self.place.bodies(self.resellers[0], 500)
        yesterday = clock.now() - 86_400 * clock.SECOND
        self.place.pend([dead], bodies, PENDING, due=yesterday)
        latest = self.place.webhook(
            self.place.reseller("Latest"),
            f"{dead.url}/latest",
            at_once=AT_ONCE,
            mode=Mode.LATEST_STATE,
        )
        for version in range(1, VERSIONS + 1):
            names = [f"latest-{n}" for n in range(RESOURCES)]
            self.latest = set(self.place.change(latest.reseller_id, names, version))
        return [dead, latest]

    async def _pairs(self, engine: Engine, felled: list[WebhookRow]) -> list[tuple[Span, Span]]:
        """Spans without and with the webhooks of the receiver, which sends first in every other."""
        pairs = []
        for n in range(PAIRS):
            spans = {}
            for paused in (True, False) if n % 2 else (False, True):
                turn = webhooks.pause if paused else webhooks.resume
                for one in felled:
                    await asyncio.to_thread(turn, self.place.database, one.reseller_id, one.uuid)
                engine.wake()
                await asyncio.sleep(TURN_S)
                spans[paused] = await _span(SPAN_S)
            pairs.append((spans[True], spans[False]))
        return pairs


async def _span(seconds: float) -> Span:
    at = clock.now()
    await asyncio.sleep(seconds)
    return at, clock.now()


def main() -> None:
    with workshop() as directory:
        street = Street(directory)
        try:
            drill = Drill(directory, street)
            uvloop.run(drill.run())
            _report(drill, street.seen())
        finally:
            street.end()


def _report(drill: Drill, seen: list[Seen]) -> None:
    first: dict[str, int] = {}
    for number, one, at, _, _ in seen:
        if number:
            first.setdefault(one, at)
    print("others, while the receiver is paused; while it is not; medians of pairs, and ratios:")
    for name, pairs in drill.pairs.items():
        waits = [(_p(drill, first, without), _p(drill, first, beside)) for without, beside in pairs]
        for place, what in enumerate(("p50", "p99")):
            without = [one[place] for one, _ in waits]
            beside = [one[place] for _, one in waits]
            ratios = sorted(b / a for a, b in zip(without, beside, strict=True))
            print(
                f"{name:21} {what} {median(without):5.1f} ms, {median(beside):5.1f} ms,"
                f" {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )
    _recovery(drill, seen)


def _p(drill: Drill, first: dict[str, int], span: Span) -> tuple[float, float]:
    start, end = span
    waits = sorted(
        (first.get(one, end + clock.SECOND * 60) - at) / 1000
        for one, at in drill.committed.items()
        if start <= at < end - clock.SECOND
    )
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100]


def _recovery(drill: Drill, seen: list[Seen]) -> None:
    start, end = drill.recovery
    came = [(at, once, one) for n, one, at, _, once in seen if n == 0 and start <= at < end]
    seconds = range((end - start) // clock.SECOND)
    rates, at_once = [0] * len(seconds), [0] * len(seconds)
    for at, once, _ in came:
        second = (at - start) // clock.SECOND
        if second < len(seconds):
            rates[second] += 1
            at_once[second] = max(at_once[second], once)
    print(
        f"recovered receiver: {len(came)} in {(end - start) / 1e6:.0f} s, at most {max(rates)}/s,"
    )
    print(f"  at most {max(at_once)} at once (two webhooks, {AT_ONCE} each)")
    got = {one for _, _, one in came} & drill.latest
    print(f"LATEST_STATE: {len(got)} of {RESOURCES} newest, of {VERSIONS * RESOURCES} changes")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(
        draw(
            "A receiver recovers after a day: 200,000 notifications were waiting",
            [Curve("arrivals a second", rates), Curve("requests at once", at_once)],
            across="seconds since the receiver is well again",
        )
    )


if __name__ == "__main__":
    main()
