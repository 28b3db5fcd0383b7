"""Ingest, deliveries, latency, CPU and memory of the whole program: TLS, durable results."""

import json
import re
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.program import Receiver, Server, workshop
from reseller_webhooks.core.webhooks.webhook import PARTS

AT_ONCE = 64
COUNT = 50_000
"""Several seconds: connecting, and the last commit, are in the time as well."""
ROUNDS = 5
LATENCY_S = 10
MEMORY_COUNT = 200_000
PATIENCE_S = 600
KNOWN_WITHIN_S = 1.5
"""Workers of other processes learn of a pause within half a second."""


@dataclass(frozen=True)
class Rate:
    """How many a second, and CPU microseconds for each."""

    per_s: float
    cpu_us: float


def main() -> None:
    quick = "--quick" in sys.argv
    with workshop() as directory:
        receiver = Receiver(directory)
        server = Server(directory)
        try:
            server.start()
            _ingest(server)
            for fan_out in (1, 10):
                _deliveries(directory, server, receiver, fan_out)
            _latency(server, receiver)
            if not quick:
                _memory(server, receiver)
            server.stop()
            server = _serve_with_workers(directory)
            _deliveries(directory, server, receiver, 20, workers=2)
        finally:
            server.kill()
            receiver.end()


def _serve_with_workers(directory: Path) -> Server:
    """Two processes send, each for its share of the webhooks."""
    server = Server(directory, "--workers", "2")
    server.start()
    ports = (server.port + 1, server.port + 2)
    deadline = time.monotonic() + PATIENCE_S
    while not all(map(_sends, ports)):
        if time.monotonic() > deadline:
            sys.exit("the workers do not share")
        time.sleep(0.1)
    return server


def _sends(port: int) -> bool:
    """Whether a worker holds partitions, but not all, as the first to come does."""
    try:
        page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    except httpx.TransportError:
        return False
    held = re.search(r"^reseller_webhooks_partitions (\d+)", page, re.MULTILINE)
    return held is not None and 0 < int(held[1]) < PARTS


def _ingest(server: Server) -> None:
    """Events per second into the store, nobody listening: one caller with 1000 a request, and 16
    callers with one each, who share commits."""
    rates = []
    for start in range(0, 10_000, 1000):
        some = [server.company(n, "Ingest") for n in range(start, start + 1000)]
        began = time.perf_counter()
        server.change(some)
        rates.append(1000 / (time.perf_counter() - began))
    print(f"ingest, 1000 a request        {statistics.median(rates):8.0f} events/s")
    began, cpu = time.perf_counter(), server.cpu_s()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: server.change([server.company(n, "Single")]), range(2000)))
    took, cpu = time.perf_counter() - began, server.cpu_s() - cpu
    print(
        f"ingest, 16 callers, 1 each    {2000 / took:8.0f} events/s, {cpu / 2000 * 1e6:.0f} us CPU"
    )


def _deliveries(
    directory: Path, server: Server, receiver: Receiver, fan_out: int, workers: int = 1
) -> None:
    """The backlog of paused webhooks, from resume until the log has every delivery."""
    ratios, cpu_ratios = [], []
    for number in range(ROUNDS):
        ours = _drain(server, receiver, fan_out, f"{fan_out}-{number}")
        bare = _bare(directory, receiver, server)
        ratios.append(ours.per_s / bare.per_s)
        cpu_ratios.append(ours.cpu_us / bare.cpu_us)
        print(
            f"  fan-out {fan_out:2}: {ours.per_s:6.0f}/s, {ours.cpu_us:4.0f} us CPU each; "
            f"bare loop {bare.per_s:6.0f}/s, {bare.cpu_us:4.0f} us CPU"
        )
    name = f"deliveries, fan-out {fan_out:2}"
    print(
        f"{name}, {workers} sending{statistics.median(ratios):6.2f} of the bare "
        f"loop's rate, {statistics.median(cpu_ratios):.2f} of its CPU (medians of {ROUNDS})"
    )


def _drain(server: Server, receiver: Receiver, fan_out: int, name: str) -> Rate:
    hooks = [
        server.add_webhook(f"{receiver.url}/{name}/{n}", maxInFlight=max(2, AT_ONCE // fan_out))
        for n in range(fan_out)
    ]
    for hook in hooks:
        server.order(hook["id"], "pause")
    time.sleep(KNOWN_WITHIN_S)
    _feed(server, COUNT // fan_out, name)
    receiver.ask("reset")
    began, cpu = time.perf_counter(), server.cpu_s()
    with ThreadPoolExecutor(fan_out) as pool:
        list(pool.map(lambda hook: server.order(hook["id"], "resume"), hooks))
    _until_all_are_written(server, receiver)
    took, cpu = time.perf_counter() - began, server.cpu_s() - cpu
    for hook in hooks:
        path = f"/api/v1/webhooks/{hook['id']}"
        server.api.delete(path, params={"reseller": server.reseller}).raise_for_status()
    return Rate(COUNT / took, cpu / COUNT * 1e6)


def _feed(server: Server, count: int, name: str) -> None:
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        server.change([server.company(n, name) for n in range(start, start + size)])


def _until_all_are_written(server: Server, receiver: Receiver) -> None:
    """Durable means that the log says so, not only that the receiver has it."""
    deadline = time.monotonic() + PATIENCE_S
    while receiver.count() < COUNT and time.monotonic() < deadline:
        time.sleep(0.02)
    query = {"state": "PENDING", "limit": "1", "reseller": server.reseller}
    while server.api.get("/api/v1/deliveries", params=query).json()["items"]:
        if time.monotonic() > deadline:
            sys.exit("deliveries are still pending")
        time.sleep(0.02)


def _bare(directory: Path, receiver: Receiver, server: Server) -> Rate:
    file = directory / "body.json"
    if not file.exists():
        example = server.company(1, "Bare")
        file.write_text(json.dumps({"uuid": "u" * 36, "resource": example, "pad": "p" * 500}))
    arguments = [str(directory), f"{receiver.url}/bare", str(COUNT), str(AT_ONCE), str(file)]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("bare.py")), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    per_s, cpu_us = done.stdout.split()
    return Rate(float(per_s), float(cpu_us))


def _latency(server: Server, receiver: Receiver) -> None:
    """From the answer to a change (its commit) until the receiver has it, at a steady 500/s."""
    hook = server.add_webhook(f"{receiver.url}/latency", maxInFlight=AT_ONCE)
    receiver.ask("reset")
    answered: dict[str, int] = {}
    began = time.perf_counter()
    for tick in range(LATENCY_S * 50):
        results = server.change([server.company(n, f"tick {tick}") for n in range(10)])
        at = time.time_ns() // 1000
        answered |= {result["event"]: at for result in results}
        time.sleep(max(0.0, began + (tick + 1) / 50 - time.perf_counter()))
    while receiver.count() < len(answered):
        time.sleep(0.02)
    waits = sorted((at - answered[event]) / 1000 for event, at in receiver.times())
    p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(
        f"commit to receipt at {len(waits) / LATENCY_S:.0f}/s     "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    )
    path = f"/api/v1/webhooks/{hook['id']}"
    server.api.delete(path, params={"reseller": server.reseller}).raise_for_status()


def _memory(server: Server, receiver: Receiver) -> None:
    """Resident memory while 200,000 deliveries go out: it must not grow with their number."""
    server.add_webhook(f"{receiver.url}/memory", maxInFlight=AT_ONCE)
    receiver.ask("reset")
    feeding = threading.Thread(target=_feed_many, args=(server,))
    feeding.start()
    samples = []
    while receiver.count() < MEMORY_COUNT:
        samples.append((receiver.count(), server.rss_mb()))
        time.sleep(1)
    feeding.join()
    early = statistics.median(mb for count, mb in samples if count < MEMORY_COUNT / 4)
    late = statistics.median(mb for count, mb in samples if count > MEMORY_COUNT * 3 / 4)
    print(f"memory over {MEMORY_COUNT} deliveries: {early:.0f} MB early, {late:.0f} MB late")


def _feed_many(server: Server) -> None:
    for turn in range(MEMORY_COUNT // 1000):
        server.change([server.company(n, f"memory {turn}") for n in range(1000)])


if __name__ == "__main__":
    main()
