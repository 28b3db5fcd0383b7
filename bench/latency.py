"""From the commit of a change to its receipt, at half of the highest rate, over the whole program.

The highest rate is what callers who send batches one after the other reach, from the first
request until the receiver has everything. Half of that is then sent at a steady beat.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.program import Receiver, Server, workshop
from testkit.processes import wait_until

AT_ONCE = 64
COUNT = 10_000
A_REQUEST = 50
CALLERS = 4
STEADY_S = 8
TICK_S = 0.02
ROUNDS = 3
PATIENCE_S = 60


@dataclass(frozen=True)
class Wait:
    """Rates a second; waits in milliseconds."""

    highest: float
    offered: float
    p50: float
    p99: float


def main() -> None:
    with workshop() as directory:
        receiver = Receiver(directory)
        server = Server(directory)
        try:
            server.start()
            server.add_webhook(f"{receiver.url}/latency", maxInFlight=AT_ONCE)
            _highest(server, receiver)  # connections, caches
            _print([_round(server, receiver) for _ in range(ROUNDS)])
        finally:
            server.kill()
            receiver.end()


def _round(server: Server, receiver: Receiver) -> Wait:
    highest = _highest(server, receiver)
    time.sleep(1)
    offered, waits = _steady(server, receiver, highest / 2)
    one = Wait(highest, offered, waits[len(waits) // 2], waits[len(waits) * 99 // 100])
    print(
        f"  highest {one.highest:5.0f}/s; at {one.offered:5.0f}/s "
        f"p50 {one.p50:6.1f} ms, p99 {one.p99:6.1f} ms"
    )
    return one


def _print(rounds: list[Wait]) -> None:
    p50 = statistics.median(one.p50 for one in rounds)
    p99 = statistics.median(one.p99 for one in rounds)
    print(f"commit to receipt at half load   p50 {p50:.1f} ms (target 10), p99 {p99:.1f} (50)")


def _highest(server: Server, receiver: Receiver) -> float:
    receiver.ask("reset")
    began = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as callers:
        starts = range(0, COUNT, A_REQUEST)
        list(callers.map(lambda start: _change(server, range(start, start + A_REQUEST)), starts))
    _until(receiver, COUNT)
    return COUNT / (time.perf_counter() - began)


def _steady(server: Server, receiver: Receiver, per_s: float) -> tuple[float, list[float]]:
    """The rate that was kept, and the waits in order."""
    receiver.ask("reset")
    size = max(1, round(per_s * TICK_S))
    began = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as callers:  # who waits for an answer does not keep the beat
        changes = []
        for tick in range(round(STEADY_S / TICK_S)):
            time.sleep(max(0.0, began + tick * TICK_S - time.perf_counter()))
            numbers = range(tick * size, (tick + 1) * size)
            changes.append(callers.submit(_change, server, numbers))
        answered = {event: at for one in changes for event, at in one.result().items()}
    offered = len(answered) / (time.perf_counter() - began)
    _until(receiver, len(answered))
    return offered, sorted((at - answered[event]) / 1000 for event, at in receiver.times())


def _change(server: Server, numbers: range) -> dict[str, int]:
    """The events of some changes, and when they were answered, which is after their commit."""
    # A name of its own each time: content that is equal to the last makes no event.
    name = f"Latency {time.monotonic_ns()}"
    results = server.change([server.company(n, name) for n in numbers])
    at = time.time_ns() // 1000
    return {result["event"]: at for result in results}


def _until(receiver: Receiver, number: int) -> None:
    wait_until(lambda: receiver.count() >= number, f"{number} notifications", PATIENCE_S)


if __name__ == "__main__":
    main()
