"""Real processes for a drill: two APIs, two workers, a receiver, and webhooks of every kind."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from bench.program import Process, command
from chaos.evidence import SECOND, Evidence, Incident, WebhookDetails
from chaos.feeder import Feeder, now
from chaos.receiving import LoggingReceiver
from reseller_webhooks.store.db.database import Database
from testkit.processes import wait_until

LEASE_S, TIMEOUT_S = 3.0, 5.0
WAITS_S = (1, 1, 2, 2, 4, *[5] * 10)
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OTHER_KEY = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="
"""The secrets of one webhook are sealed under this key, all others under KEY."""
FORBIDDEN = "127.0.1.1"
"""The receiver listens there too, and only the APIs' settings allow it."""
HOSTS = [f"127.0.0.{number}" for number in range(10, 40)]
"""So many that each worker sends to ten at least, and suspects itself if it reaches none."""
SETTLE_WITHIN_S = 240.0
GO_ON_WITHIN_S = 120.0
FEED_S = 3.0
AFTER_S = 2 * LEASE_S
"""So long it must go on: an engine that ended sends until its leases do."""

KINDS: dict[str, dict[str, Any]] = {
    "plain0": {},
    "plain1": {},
    "ordered": {"ordered": True},
    "latest": {"mode": "LATEST_STATE"},
    "limited": {"ratePerSecond": 20.0, "maxInFlight": 4},
    "moving": {},
    "failing": {},
    "failing-latest": {"mode": "LATEST_STATE"},
    "recovering": {},
    "forbidden": {},
    **{f"host-{host}": {} for host in HOSTS},
}
UNHEALTHY = {"failing", "failing-latest"}


@dataclass(frozen=True)
class Line:
    """Outcome of one incident, for the receivers that work."""

    name: str
    acknowledged: int
    expected: int
    received: int
    lost: int
    duplicates: int
    order_breaks: int
    seconds: float
    slowest_answer_s: float
    answers_500: int


class Rig:
    """Everything that runs.

    url: what the processes get as DATABASE. own: our way to the store. report: shows a line.
    settings: more of the processes' environment.
    """

    def __init__(
        self,
        directory: Path,
        url: str,
        own: str,
        *,
        report: Callable[[Line], None],
        settings: Mapping[str, str],
    ) -> None:
        self.directory = directory
        self._report = report
        self.receiver = LoggingReceiver(directory)
        self.environment = os.environ | {
            "RESELLER_WEBHOOKS_DATABASE": url,
            "RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/8",
            "RESELLER_WEBHOOKS_CA_FILE": str(directory / "ca.pem"),
            "RESELLER_WEBHOOKS_LEASE_S": str(LEASE_S),
            "RESELLER_WEBHOOKS_TIMEOUT_S": str(TIMEOUT_S),
            "RESELLER_WEBHOOKS_RETRY_SCHEDULE": ",".join(map(str, WAITS_S)),
            "RESELLER_WEBHOOKS_SECRET_KEYS": f"{KEY},{OTHER_KEY}",
            **settings,
        }
        self.command("migrate")
        self.key = self.command("api-keys", "add", "--scope", "platform")
        self.resellers: dict[str, str] = {}
        self.apis = [self._process(f"api{n}", "--role", "api") for n in range(2)]
        self.workers = [self._process(f"worker{n}", "--role", "worker") for n in range(2)]
        for worker in self.workers:
            worker.environment |= {"RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/24"}
        self.webhook_ids: dict[str, str] = {}
        self.evidence = Evidence(
            Database(own), [], lease_s=LEASE_S, timeout_s=TIMEOUT_S, schedule_s=sum(WAITS_S)
        )
        self.lines: list[Line] = []

    def start(self) -> None:
        for api in self.apis:
            api.start()
        for kind in UNHEALTHY:
            self.receiver.answer(f"/{kind}", 503, 0.2)
        self.resellers = {kind: self._add_reseller(kind) for kind in KINDS}
        self.evidence.webhooks = [_facts(kind, it) for kind, it in self.resellers.items()]
        for kind in KINDS:
            self.webhook_ids[kind] = self._add_webhook(kind)
        for worker in self.workers:
            worker.start()

    def restart(self, processes: Sequence[Process], **settings: str) -> None:
        """End processes with SIGTERM and start them with other settings."""
        for process in processes:
            process.stop()
            process.environment |= settings
            process.start()

    def end(self) -> None:
        for process in [*self.apis, *self.workers]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.evidence.database.close()
        self.receiver.end()

    def command(self, *words: str) -> str:
        """What a command prints, in the processes' environment."""
        return command(self.environment, *words)

    def call(self, method: str, path: str, kind: str, **given: Any) -> httpx.Response:
        """A call of the API, in a reseller's name."""
        return httpx.request(
            method,
            f"{self.apis[0].url}{path}",
            params={"reseller": self.resellers[kind]} if kind in self.resellers else {},
            headers={"authorization": f"Bearer {self.key}"},
            timeout=30,
            **given,
        ).raise_for_status()

    @contextmanager
    def incident(self, name: str, **facts: Any) -> Iterator[Incident]:
        """Feed; inject a fault in the block; feed until all goes on by itself; count.

        facts: as Incident has them.
        """
        print(f"… {name}", file=sys.stderr, flush=True)
        feeder = Feeder([api.url for api in self.apis], self.key, list(self.resellers.values()))
        feeder.start()
        time.sleep(FEED_S)
        incident = Incident(name, began=now(), **facts)
        self.evidence.incidents.append(incident)
        try:
            yield incident
            incident.healed = incident.healed or now()
            seconds = self._seconds_until_it_goes_on(feeder, incident.healed)
            time.sleep(AFTER_S)
        finally:
            feeder.stop()
        feeder.forget_until(incident.lost_until)
        self._settle()
        self._measure()
        line = self._line(feeder, name, seconds)
        self.lines.append(line)
        self._report(line)

    def seal_under_other_key(self, kind: str) -> None:
        """Have a webhook's secrets sealed under the other key."""
        with self._keys(f"{OTHER_KEY},{KEY}"):
            self.call("DELETE", f"/api/v1/webhooks/{self.webhook_ids[kind]}", kind)
            self.webhook_ids[kind] = self._add_webhook(kind)

    @contextmanager
    def _keys(self, keys: str) -> Iterator[None]:
        self.restart(self.apis[:1], RESELLER_WEBHOOKS_SECRET_KEYS=keys)
        yield
        self.restart(self.apis[:1], RESELLER_WEBHOOKS_SECRET_KEYS=f"{KEY},{OTHER_KEY}")

    def read_evidence(self) -> Evidence:
        """The evidence, with the receiver's log as it is now."""
        self.evidence.received = self.receiver.received()
        return self.evidence

    def _line(self, feeder: Feeder, name: str, seconds: float) -> Line:
        self.evidence.acknowledged += feeder.acknowledged
        part = Evidence(self.evidence.database, self.evidence.webhooks, feeder.acknowledged)
        events = {one.event for one in feeder.acknowledged}
        received = self.receiver.received()
        part.received = [one for one in received if one.event in events]
        expected, delivered = part.expected(), part.delivered()
        accepted = [(one.event, one.path) for one in part.received if one.accepted]
        ordered = next(one for one in part.webhooks if one.ordered)
        return Line(
            name=name,
            acknowledged=len(events),
            expected=len(expected),
            received=len(expected & delivered),
            lost=len(expected - delivered),
            duplicates=len(accepted) - len(set(accepted)),
            order_breaks=part.order_breaks_at(ordered),
            seconds=seconds,
            slowest_answer_s=feeder.slowest_s,
            answers_500=feeder.answers[500],
        )

    def _seconds_until_it_goes_on(self, feeder: Feeder, healed: int) -> float:
        """Until a change acknowledged after the fault has reached every healthy receiver."""

        def goes_on() -> bool:
            fresh = {one.event for one in feeder.acknowledged_since(healed)}
            received = self.receiver.received()
            reached = {one.path for one in received if one.event in fresh and one.accepted}
            return reached >= {one.path for one in self._steady()}

        with suppress(TimeoutError):
            wait_until(goes_on, "deliveries go on by themselves", GO_ON_WITHIN_S)
            return (now() - healed) / SECOND
        return inf

    def _steady(self) -> list[WebhookDetails]:
        return [one for one in self.evidence.webhooks if one.healthy and one.allowed]

    def _settle(self) -> None:
        paths = {one.path for one in self._steady()}

        def settled() -> bool:
            pending = self.evidence.rows(
                "SELECT DISTINCT url FROM webhook JOIN delivery ON delivery.webhook_id = webhook.id"
            )
            return not paths & {urlsplit(url).path for (url,) in pending}

        with suppress(TimeoutError):  # what did not arrive by then counts as lost
            wait_until(settled, "nothing is pending for receivers that work", SETTLE_WITHIN_S)

    def _measure(self) -> None:
        for process in [*self.apis, *self.workers]:
            with suppress(psutil.NoSuchProcess, AssertionError):
                self.evidence.rss_mb.append(process.process.memory_info().rss / 2**20)

    def _process(self, name: str, *words: str) -> Process:
        return Process(dict(self.environment), *words, log=self.directory / f"{name}.log")

    def _add_reseller(self, kind: str) -> str:
        return str(self.call("POST", "/api/v1/resellers", kind, json={"name": kind}).json()["id"])

    def _add_webhook(self, kind: str) -> str:
        host = FORBIDDEN if kind == "forbidden" else kind.partition("host-")[2] or "127.0.0.1"
        body = {
            "url": f"https://{host}:{self.receiver.port}/{kind}{'?old' * (kind == 'moving')}",
            "resource": "COMPANY",
            "actions": ["ADDED", "CHANGED", "REMOVED"],
            "auth": {"type": "NONE"},
        }
        answer = self.call("POST", "/api/v1/webhooks", kind, json=body | KINDS[kind])
        return str(answer.json()["id"])


def _facts(kind: str, reseller: str) -> WebhookDetails:
    settings = KINDS[kind]
    return WebhookDetails(
        path=f"/{kind}",
        reseller=reseller,
        ordered=settings.get("ordered", False),
        latest_state=settings.get("mode") == "LATEST_STATE",
        max_in_flight=settings.get("maxInFlight", 10),
        rate_per_second=settings.get("ratePerSecond"),
        healthy=kind not in UNHEALTHY,
        allowed=kind != "forbidden",
    )
