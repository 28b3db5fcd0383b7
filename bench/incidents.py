"""An API and two workers on a given database, callers that never stop, and what came of it all."""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from bench.program import Process, Receiver, command

CALLERS = 6
BEAT_S = 0.1
RETRY_S = 0.2
SETTLE_S = 90.0
RESELLERS = 6
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass
class Verdict:
    """What an incident did to callers and receivers."""

    name: str
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    answered_after_s: float = 0.0
    delivered_after_s: float = 0.0

    @property
    def good(self) -> bool:
        """Nothing lost, nobody answered 500, everybody answered in time."""
        only_good = set(self.statuses) <= {"200", "503"}
        return self.lost == 0 and self.acknowledged > 0 and only_good and self.slowest_s < 10

    def line(self) -> str:
        """One line for the report."""
        answers = " ".join(f"{status}:{n}" for status, n in sorted(self.statuses.items()))
        return (
            f"{'ok  ' if self.good else 'FAIL'} {self.name:34} acknowledged {self.acknowledged:5}"
            f"  lost {self.lost}  doubled {self.duplicates}  answers {answers}"
            f"  slowest {self.slowest_s:4.1f} s  accepts after {self.answered_after_s:4.1f} s"
            f"  delivers after {self.delivered_after_s:4.1f} s"
        )


class Platform:
    """The processes. database: what they connect to; direct: what the commands do."""

    def __init__(self, directory: Path, database: str, direct: str) -> None:
        self.receiver = Receiver(directory)
        self._settings = os.environ | {
            "RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/8",
            "RESELLER_WEBHOOKS_CA_FILE": str(directory / "ca.pem"),
            "RESELLER_WEBHOOKS_RETRY_SCHEDULE": ",".join(["2"] * 10),
            "RESELLER_WEBHOOKS_SECRET_KEYS": KEY,
        }
        here = self._settings | {"RESELLER_WEBHOOKS_DATABASE": direct}
        command(here, "migrate")
        self.resellers = [command(here, "resellers", "add", f"R{n}") for n in range(RESELLERS)]
        self.key = command(here, "api-keys", "add", "--scope", "platform")
        there = self._settings | {"RESELLER_WEBHOOKS_DATABASE": database}
        self.api = self._process(directory / "api.log", there, "api")
        self.workers = [self._process(directory / f"w{n}.log", there, "worker") for n in (1, 2)]

    def __enter__(self) -> Self:
        self.api.start()
        for reseller in self.resellers:
            self._add_webhook(reseller)
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self.api, *self.workers]:
            one.kill()
        self.receiver.end()

    def _process(self, log: Path, environment: dict[str, str], role: str) -> Process:
        return Process(environment, "--role", role, log=log)

    def _add_webhook(self, reseller: str) -> None:
        httpx.post(
            f"{self.api.url}/api/v1/webhooks",
            params={"reseller": reseller},
            headers={"authorization": f"Bearer {self.key}"},
            json={
                "url": f"{self.receiver.url}/hook",
                "resource": "COMPANY",
                "actions": ["ADDED", "CHANGED", "REMOVED"],
                "auth": {"type": "NONE"},
            },
            timeout=15,
        ).raise_for_status()


class Callers:
    """Threads that change records, each again under the same key until it is acknowledged."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CALLERS)]
        self.statuses: Counter[str] = Counter()
        self.slowest_s = 0.0
        self.accepted: dict[str, float] = {}
        """When each event was acknowledged."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        turn = 0
        headers = {"authorization": f"Bearer {self._platform.key}"}
        with httpx.Client(base_url=self._platform.api.url, headers=headers, timeout=60) as client:
            while not self._ended.is_set():
                turn += 1
                change = {
                    "reseller": self._platform.resellers[number % RESELLERS],
                    "type": "COMPANY",
                    "uuid": f"c{number}-{turn % 20}",
                    "content": {"name": f"Turn {turn}"},
                }
                while not self._accepted(client, change, f"{number}-{turn}"):
                    time.sleep(RETRY_S)
                time.sleep(BEAT_S)

    def _accepted(self, client: httpx.Client, change: dict[str, object], key: str) -> bool:
        began = time.monotonic()
        try:
            answer = client.post(
                "/api/v1/changes", json={"changes": [change]}, headers={"idempotency-key": key}
            )
        except httpx.TransportError as error:
            self.statuses[type(error).__name__] += 1
            return False
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.statuses[str(answer.status_code)] += 1
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
        if answer.is_success:
            self.accepted[answer.json()["results"][0]["event"]] = time.time()
        return answer.is_success


def judged(name: str, platform: Platform, callers: Callers, healed_at: float) -> Verdict:
    """Wait until all that was acknowledged has come, and tell what happened."""
    deadline = time.monotonic() + SETTLE_S
    first: dict[str, float] = {}
    while callers.accepted.keys() - first.keys() and time.monotonic() < deadline:
        times = platform.receiver.times()
        first = {event: at / 1e6 for event, at in reversed(times)}
        time.sleep(0.5)
    after = [event for event, at in callers.accepted.items() if at > healed_at]
    came = [first[event] for event in after if event in first]
    return Verdict(
        name,
        acknowledged=len(callers.accepted),
        lost=len(callers.accepted.keys() - first.keys()),
        duplicates=len(times) - len(first),
        statuses=callers.statuses,
        slowest_s=callers.slowest_s,
        answered_after_s=min((callers.accepted[e] for e in after), default=0) - healed_at,
        delivered_after_s=min(came, default=0) - healed_at,
    )
