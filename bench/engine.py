"""The engine alone against a bare aiohttp loop: from rows in the store to results in the store.

Each measurement is a process of its own; the two take turns. What the whole program adds (API,
pages, leases, hints) is in bench/speed.py.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import uvloop

from bench.engine_harness import BODY, Workplace
from bench.program import Receiver, workshop
from reseller_webhooks import clock

COUNT = 50_000
AT_ONCE = 64
ROUNDS = 5
WITHIN_S = 120


def main() -> None:
    with workshop() as directory:
        receiver = Receiver(directory)
        (directory / "body.json").write_text(BODY)
        try:
            rounds = [_round(directory, receiver.url, number) for number in range(ROUNDS)]
        finally:
            receiver.end()
    rate = statistics.median(ours[0] / bare[0] for ours, bare in rounds)
    cpu = statistics.median(ours[1] / bare[1] for ours, bare in rounds)
    print(f"engine alone: {rate:.2f} of the bare loop's rate, {cpu:.2f} of its CPU; median")


def _round(
    directory: Path, url: str, number: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    place = Workplace(f"sqlite:///{directory}/engine-{number}.db")
    reseller = place.reseller("Bench")
    hook = place.webhook(reseller, f"{url}/hook", at_once=AT_ONCE)
    due = clock.now() - clock.SECOND
    place.pend([hook], place.bodies(reseller, 500), COUNT, due=due)
    place.database.close()
    ours = _child("bench.engine", str(directory), str(number))
    body = str(directory / "body.json")
    bare = _child("bench.baseline", str(directory), f"{url}/bare", str(COUNT), str(AT_ONCE), body)
    print(
        f"  {ours[0]:6.0f}/s, {ours[1]:4.0f} us CPU; bare {bare[0]:6.0f}/s, {bare[1]:4.0f} us CPU"
    )
    return ours, bare


def _child(module: str, *words: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=WITHIN_S,
    )
    per_s, cpu_us = done.stdout.split()[-2:]
    return float(per_s), float(cpu_us)


async def _alone(directory: Path, number: str) -> None:
    """One measurement, in this process: until every result is in the file."""
    place = Workplace(f"sqlite:///{directory}/engine-{number}.db")
    began, cpu = time.perf_counter(), time.process_time()
    async with place.sending(directory / "ca.pem") as (_, store):
        await store.until(COUNT)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(COUNT / took, cpu / COUNT * 1e6)


if __name__ == "__main__":
    uvloop.run(_alone(Path(sys.argv[1]), sys.argv[2]))
