"""A reseller with slow webhooks, and how long another one's deliveries take meanwhile."""

import time

from attack.measuring import Felt
from bench import slow_receiver
from bench.program import Receiver, Server
from bench.slow_receiver import SLOW

WEBHOOKS, CHANGES = 300, 10
"""Each webhook is answered after 20 s and has ten deliveries to send at once."""
SPAN_S, EVERY_S = 6.0, 0.03
WITHIN_S = 60.0
LEAST_MS = 0.1
"""A delivery may arrive before the answer to its change."""


def slow_webhooks(server: Server) -> str:
    """One line about the latency of another reseller's deliveries."""
    receiver = Receiver(server.directory)
    webhook = server.add_webhook(f"{receiver.url}/hook")
    try:
        with Receiver(server.directory, slow_receiver.__name__) as slow:
            _delays(server, receiver, "warm")
            quiet = _delays(server, receiver, "quiet")
            before_mb = server.rss_mb()
            _begin(server, slow.port)
            felt = _delays(server, receiver, "beside")
            under_way = _metric(server, "reseller_webhooks_in_flight")
            share = _metric(server, "reseller_webhooks_largest_reseller_share")
            peak_mb = server.rss_mb()
    finally:
        receiver.end()
        path = f"/api/v1/webhooks/{webhook['id']}"
        server.api.delete(path, params={"reseller": server.reseller}).raise_for_status()
    return (
        f"others' deliveries: {felt} (quiet: {quiet}), "
        f"p99 ratio {felt.percentile(0.99) / quiet.percentile(0.99):.1f}; "
        f"memory {before_mb:.0f} MB, {peak_mb:.0f} MB with {under_way:.0f} requests under way; "
        f"the slow reseller holds {share:.0%} of the slots"
    )


def _begin(server: Server, port: int) -> None:
    greedy = server.command("resellers", "add", f"Greedy {time.monotonic_ns()}")
    for number in range(WEBHOOKS):
        body = {
            "url": f"https://127.0.0.1:{port}{SLOW}/{number}",
            "resource": "COMPANY",
            "actions": ["ADDED", "CHANGED"],
        }
        answer = server.api.post("/api/v1/webhooks", params={"reseller": greedy}, json=body)
        answer.raise_for_status()
    server.change([server.company(n, "Greedy") | {"reseller": greedy} for n in range(CHANGES)])


def _delays(server: Server, receiver: Receiver, name: str) -> Felt:
    """The time from the answer to each change until its receipt."""
    receiver.ask("reset")
    answered: dict[str, int] = {}
    until, number = time.monotonic() + SPAN_S, 0
    while time.monotonic() < until:
        (result,) = server.change([server.company(number, f"{name} {time.monotonic_ns()}")])
        answered[result["event"]] = time.time_ns() // 1000
        number += 1
        time.sleep(EVERY_S)
    until = time.monotonic() + WITHIN_S
    while receiver.count() < len(answered) and time.monotonic() < until:
        time.sleep(0.05)
    received = dict(receiver.times())
    late = round(WITHIN_S * 1_000_000)
    us = (received.get(one, at + late) - at for one, at in answered.items())
    return Felt([max(one / 1000, LEAST_MS) for one in us])


def _metric(server: Server, name: str) -> float:
    lines = server.api.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))
