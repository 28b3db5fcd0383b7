"""Measures the latency of another caller and the program's memory during an attack."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil

from bench.program import Server

Call = Callable[[], httpx.Response]
Attack = Callable[[int], str]
"""Takes a port on loopback and returns a report in words; runs in a process of its own."""
QUIET_S = 3.0
AT_MOST_S = 60.0
PAUSE_S = 0.01
WAIT_S = 30.0


@dataclass
class Felt:
    """The other caller's requests, in milliseconds; how many failed; the program's peak memory."""

    ms: list[float] = field(default_factory=list)
    failed: int = 0
    peak_mb: float = 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.ms) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def __str__(self) -> str:
        return f"p50 {self.percentile(0.5):.0f} ms, p99 {self.percentile(0.99):.0f} ms"


@contextmanager
def another_caller(call: Call, process: psutil.Process) -> Iterator[Felt]:
    """Call again and again until the block ends."""
    felt, ended = Felt(), threading.Event()

    def calling() -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            try:
                felt.failed += not call().is_success
            except httpx.HTTPError:
                felt.failed += 1
            felt.ms.append((time.perf_counter() - begun) * 1000)
            felt.peak_mb = max(felt.peak_mb, process.memory_info().rss / 2**20)
            ended.wait(PAUSE_S)

    thread = threading.Thread(target=calling)
    thread.start()
    try:
        yield felt
    finally:
        ended.set()
        thread.join(WAIT_S)


def measured(server: Server, attack: Attack, call: Call | None = None) -> str:
    """Run an attack while another caller calls; one line about both. call: reads its webhooks."""
    call = call or _reading(server)
    before_mb = server.rss_mb()
    with another_caller(call, server.process) as quiet:
        time.sleep(QUIET_S)
    with another_caller(call, server.process) as felt:
        told = in_a_process(attack, server.port)
    ratio = felt.percentile(0.99) / quiet.percentile(0.99)
    return (
        f"others: {felt} (quiet: {quiet}), p99 ratio {ratio:.1f}, {felt.failed} failed; "
        f"memory {before_mb:.0f} MB, at most {felt.peak_mb:.0f} MB; {told}"
    )


def _reading(server: Server) -> Call:
    def read() -> httpx.Response:
        return server.api.get("/api/v1/webhooks", params={"reseller": server.reseller})

    return read


def in_a_process(attack: Attack, port: int) -> str:
    """Run an attack in a process of its own, so that it does not distort the measurement."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_say, args=(theirs, attack, port))
    process.start()
    told = str(ours.recv()) if ours.poll(AT_MOST_S) else f"not done within {AT_MOST_S:g} s"
    process.kill()
    process.join()
    return told


def _say(answer: "multiprocessing.connection.Connection", attack: Attack, port: int) -> None:
    answer.send(attack(port))
