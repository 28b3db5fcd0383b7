"""Steady changes into a cluster; what of those acknowledged came, how often, in what order."""

import itertools
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from bench.cluster import APIS, RESELLERS, Cluster

REQUESTS_A_SECOND = 5
RECORDS = 25
WITHIN_S = 120.0


@dataclass(frozen=True)
class Told:
    """An acknowledged event."""

    webhook: int
    record: str
    version: int
    at: float
    name: str = ""


class Feeder(threading.Thread):
    """Sends changes at a steady beat; what is not answered is sent again, under the same key."""

    def __init__(self, cluster: Cluster, number: int, events: int, told: dict[str, Told]) -> None:
        super().__init__(daemon=True)
        self._cluster, self._number, self._told = cluster, number, told
        self._turns = events // RESELLERS // APIS
        self._apis = itertools.cycle(cluster.apis)
        self._webhooks = cluster.webhooks()
        self.refused = 0

    def run(self) -> None:
        beat_s = APIS / REQUESTS_A_SECOND
        began = time.monotonic()
        with httpx.Client(headers={"authorization": f"Bearer {self._cluster.key}"}) as client:
            for turn in range(self._turns):
                time.sleep(max(0.0, began + turn * beat_s - time.monotonic()))
                self._tell(client, turn)

    def _tell(self, client: httpx.Client, turn: int) -> None:
        record = f"{self._number}-{turn % RECORDS}"
        changes = [
            {
                "reseller": reseller,
                "type": "COMPANY",
                "uuid": f"{record}-of-{reseller[:8]}",
                "content": {"name": f"Turn {turn}"},
            }
            for reseller in self._cluster.resellers
        ]
        for result in self._answered(client, changes, f"{self._number}-{turn}"):
            webhook = self._webhooks[self._reseller(result["uuid"])]
            self._told[result["event"]] = Told(
                webhook, result["uuid"], result["version"], time.time(), f"Turn {turn}"
            )

    def _reseller(self, record: str) -> str:
        start = record.rsplit("-of-", 1)[1]
        return next(one for one in self._cluster.resellers if one.startswith(start))

    def _answered(
        self, client: httpx.Client, changes: list[dict[str, Any]], key: str
    ) -> list[dict[str, Any]]:
        while True:
            try:
                answer = client.post(
                    f"{next(self._apis).url}/api/v1/changes",
                    json={"changes": changes},
                    headers={"idempotency-key": key},
                    timeout=10,
                )
                answer.raise_for_status()
                return list(answer.json()["results"])
            except httpx.HTTPError:
                self.refused += 1
                time.sleep(0.1)


def settle(cluster: Cluster) -> None:
    """Wait until nothing is pending."""
    deadline = time.monotonic() + WITHIN_S
    while cluster.pending():
        if time.monotonic() > deadline:
            sys.exit(f"{cluster.pending()} deliveries are still pending")
        time.sleep(0.2)


def came(cluster: Cluster) -> tuple[int, dict[str, float]]:
    """How many notifications came, and when each event came first, in sequence of arrival."""
    times = cluster.receiver.times()
    first: dict[str, float] = {}
    for event, at in times:
        first.setdefault(event, at / 1e6)
    return len(times), first


def order_breaks(told: dict[str, Told], first: dict[str, float], ordered: set[int]) -> int:
    """How often a version came for the first time after a later one had."""
    newest: dict[str, int] = {}
    breaks = 0
    for event in first:  # in sequence of arrival
        one = told.get(event)
        if one is None or one.webhook not in ordered:
            continue
        breaks += one.version < newest.get(one.record, 0)
        newest[one.record] = max(one.version, newest.get(one.record, 0))
    return breaks
