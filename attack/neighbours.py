"""A reseller with slow or dead webhooks, and how long another one's deliveries take meanwhile."""

import time
from collections.abc import Callable
from typing import Any

from attack import token_server
from attack.measuring import Felt
from attack.token_server import CHANGING, LARGE
from bench import slow_receiver
from bench.program import Receiver, Server
from bench.slow_receiver import SLOW

WEBHOOKS, CHANGES = 300, 10
"""Each webhook has ten deliveries to send at once."""
SPAN_S, EVERY_S = 6.0, 0.03
WITHIN_S = 60.0
LEAST_MS = 0.1
"""A delivery may arrive before the answer to its change."""


Spec = Callable[[int, int], dict[str, Any]]
"""What the greedy reseller's webhook of a number is, by the port of its receiver."""


def slow_webhooks(server: Server) -> str:
    """300 webhooks whose receiver answers after 20 s."""
    return _beside(server, slow_receiver.__name__, _slow)


def dead_names(server: Server) -> str:
    """300 webhooks with names of their own, none of which exists."""
    return _beside(server, slow_receiver.__name__, _dead)


def token_servers(server: Server) -> str:
    """300 webhooks whose token server is slow, or answers large tokens, or others each time."""
    return _beside(server, token_server.__name__, _with_token)


def _slow(number: int, port: int) -> dict[str, Any]:
    return {"url": f"https://127.0.0.1:{port}{SLOW}/{number}"}


def _dead(number: int, _: int) -> dict[str, Any]:
    return {"url": f"https://webhook-{number}.attack.invalid/"}


def _with_token(number: int, port: int) -> dict[str, Any]:
    base, kinds = f"https://127.0.0.1:{port}", (SLOW, LARGE, CHANGING)
    auth = {
        "type": "OAUTH2_CLIENT_CREDENTIALS",
        "tokenUrl": f"{base}{kinds[number % len(kinds)]}/{number}",
        "clientId": "attack",
        "clientSecret": "attack",
    }
    return {"url": f"{base}/hook/{number}", "auth": auth}


def _beside(server: Server, module: str, spec: Spec) -> str:
    """One line about the latency of another reseller's deliveries."""
    receiver = Receiver(server.directory)
    webhook = server.add_webhook(f"{receiver.url}/hook")
    try:
        with Receiver(server.directory, module) as theirs:
            _delays(server, receiver, "warm")
            quiet = _delays(server, receiver, "quiet")
            before_mb = server.rss_mb()
            greedy = _begin(server, lambda number: spec(number, theirs.port))
            felt = _delays(server, receiver, "beside")
            under_way = _metric(server, "reseller_webhooks_in_flight")
            share = _metric(server, "reseller_webhooks_largest_reseller_share")
            peak_mb = server.rss_mb()
    finally:
        receiver.end()
        _delete(server, server.reseller, webhook["id"])
    _delete(server, *greedy)
    return (
        f"others' deliveries: {felt} (quiet: {quiet}), "
        f"p99 ratio {felt.percentile(0.99) / quiet.percentile(0.99):.1f}; "
        f"memory {before_mb:.0f} MB, {peak_mb:.0f} MB with {under_way:.0f} requests under way; "
        f"the greedy reseller holds {share:.0%} of the slots"
    )


def _begin(server: Server, spec: Callable[[int], dict[str, Any]]) -> tuple[str, ...]:
    """The greedy reseller and its webhooks, which have deliveries to send at once."""
    greedy = server.command("resellers", "add", f"Greedy {time.monotonic_ns()}")
    webhooks = []
    for number in range(WEBHOOKS):
        body = {"resource": "COMPANY", "actions": ["ADDED", "CHANGED"], **spec(number)}
        answer = server.api.post("/api/v1/webhooks", params={"reseller": greedy}, json=body)
        webhooks.append(answer.raise_for_status().json()["id"])
    server.change([server.company(n, "Greedy") | {"reseller": greedy} for n in range(CHANGES)])
    return greedy, *webhooks


def _delete(server: Server, reseller: str, *webhooks: str) -> None:
    for each in webhooks:
        path = f"/api/v1/webhooks/{each}"
        server.api.delete(path, params={"reseller": reseller}).raise_for_status()


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
