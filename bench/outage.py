"""The outage drill: of 200 receivers one was dead for a day, and 200,000 deliveries wait for it.

The engine and its store are real; the day is not waited for: its deliveries are put into the store
as the day leaves them. Everybody's changes go on at a steady beat all the time. Four spans: before,
during (the receiver answers 503), recovery (it is well again), after. A second webhook of the same
receiver wants latest states only, and waits with many versions of few resources.
"""

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import uvloop

from bench.picture import Curve, draw
from bench.program import workshop
from bench.workplace import CountingStore, Workplace
from reseller_webhooks import clock
from reseller_webhooks.core.webhooks import Mode

RECEIVERS = 200
PENDING = 200_000
VERSIONS, RESOURCES = 20, 500
AT_ONCE = 16
WARM_S = 12.0
"""Each of the others has been told something by then, and has its connections."""
SETTLE_S = 15.0
"""What was just written is looked at again for some seconds; a day's backlog was not."""
SPAN_S = 30.0
RECOVERY_MAX_S = 100.0
WAITS_S = (50.0, 300.0)
"""A first wait of 50 s lets the circuit probe every 5 to 50 s, so that the drill is short."""
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "outage.svg"

Seen = tuple[int, str, int, int, int]


class Street:
    """bench/street.py in its own process."""

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.street", str(directory), str(RECEIVERS)],
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
        self.spans: dict[str, tuple[int, int]] = {}

    async def run(self) -> None:
        async with self.place.sending(self.ca_file, waits_s=WAITS_S) as (engine, store):
            feeding = asyncio.create_task(
                self.place.feed(engine, self.resellers[1:], self.committed)
            )
            await asyncio.sleep(WARM_S)
            await self._span("before", SPAN_S)
            await asyncio.to_thread(self._day)
            engine.poke()
            await asyncio.sleep(SETTLE_S)
            await self._span("during", SPAN_S)
            self.street.ask("well")
            await self._recover(store)
            await asyncio.sleep(1)
            await self._span("after", SPAN_S)
            feeding.cancel()

    def _day(self) -> None:
        """What a day without this receiver leaves."""
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

    async def _recover(self, store: CountingStore) -> None:
        at = clock.now()
        goal = store.written + PENDING
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_MAX_S):
                await store.until(goal)
        self.spans["recovery"] = (at, clock.now())

    async def _span(self, name: str, seconds: float) -> None:
        at = clock.now()
        await asyncio.sleep(seconds)
        self.spans[name] = (at, clock.now())


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
    before = _p(drill, first, "before")
    for name in ("before", "during", "recovery", "after"):
        p50, p99 = _p(drill, first, name)
        print(
            f"others, {name:9} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, "
            f"{p99 / before[1]:5.2f} of before"
        )
    _recovery(drill, seen)


def _p(drill: Drill, first: dict[str, int], span: str) -> tuple[float, float]:
    start, end = drill.spans[span]
    waits = sorted(
        (first.get(one, end + clock.SECOND * 60) - at) / 1000
        for one, at in drill.committed.items()
        if start <= at < end - clock.SECOND
    )
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100]


def _recovery(drill: Drill, seen: list[Seen]) -> None:
    start, end = drill.spans["recovery"]
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
