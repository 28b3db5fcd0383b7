"""Steady changes, each sent again under the same key until it is acknowledged."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from chaos.evidence import SECOND, Acknowledged

PERIOD_S = 0.5
"""One request in so many seconds, with one change for each reseller."""
RECORDS = 6
TIMEOUT_S = 20


class Feeder:
    """Feeds until it is stopped, by turns to each API."""

    def __init__(self, urls: Sequence[str], key: str, resellers: Sequence[str]) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.answers: Counter[int] = Counter()
        self.slowest_s = 0.0
        self._run_id = secrets.token_hex(4)
        self._urls = itertools.cycle(urls)
        self._resellers = resellers
        self._client = httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=TIMEOUT_S)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop once the change under way was acknowledged."""
        self._stopped.set()
        self._thread.join()

    def forget_until(self, at: int) -> None:
        """Forget what was acknowledged before an instant: the store has lost it."""
        self.acknowledged = [one for one in self.acknowledged if one.at >= at]

    def _run(self) -> None:
        for turn in itertools.count():
            if self._stopped.wait(PERIOD_S):
                return
            self._feed(turn)

    def _feed(self, turn: int) -> None:
        changes: list[dict[str, Any]] = [
            {
                "reseller": reseller,
                "type": "COMPANY",
                "uuid": f"{turn % RECORDS}-of-{reseller}",
                "content": {"name": f"Turn {turn} of {self._run_id}"},
            }
            for reseller in self._resellers
        ]
        results = self._acknowledge(changes, f"{self._run_id}-{turn}")
        at = time.time_ns() // 1000
        self.acknowledged += [
            Acknowledged(
                one["event"], reseller, one["uuid"], one["version"], change["content"]["name"], at
            )
            for reseller, one, change in zip(self._resellers, results, changes, strict=True)
        ]

    def _acknowledge(self, changes: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        while True:
            began = time.monotonic()
            try:
                answer = self._client.post(
                    f"{next(self._urls)}/api/v1/changes",
                    json={"changes": changes},
                    headers={"idempotency-key": key},
                )
            except httpx.TransportError:
                self.answers[0] += 1
            else:
                self.answers[answer.status_code] += 1
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                if answer.is_success:
                    return list(answer.json()["results"])
            time.sleep(0.1)

    def acknowledged_since(self, at: int) -> list[Acknowledged]:
        """Changes acknowledged after an instant, in microseconds since the epoch."""
        return [one for one in list(self.acknowledged) if one.at > at]


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() * SECOND // 1_000_000_000
