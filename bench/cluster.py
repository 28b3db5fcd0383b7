"""A cluster of real processes: workers, APIs, PostgreSQL, a receiver; what chaos is done to."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.postgres import Link, Postgres
from bench.program import Process, command
from chaos.receiving import LoggingReceiver

RESELLERS = 40
AT_ONCE = 10
WORKERS, APIS = 3, 2
LEASE_S, TIMEOUT_S = 3.0, 2.0


@dataclass
class Worker:
    """A sending process, its link to the database, and its name in the table of members."""

    process: Process
    link: Link
    member: str = ""


@dataclass(frozen=True)
class Takeover:
    """From when on others had to send for these webhooks."""

    what: str
    at: float
    webhooks: frozenset[int]


class Cluster:
    """Everything that runs."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.postgres = Postgres(directory)
        self.receiver = LoggingReceiver(directory)
        self.settings = os.environ | {
            "RESELLER_WEBHOOKS_ALLOW_TARGETS": "127.0.0.0/8",
            "RESELLER_WEBHOOKS_CA_FILE": str(directory / "ca.pem"),
            "RESELLER_WEBHOOKS_LEASE_S": str(LEASE_S),
            "RESELLER_WEBHOOKS_TIMEOUT_S": str(TIMEOUT_S),
            "RESELLER_WEBHOOKS_RETRY_SCHEDULE": ",".join(["2"] * 10),
            "RESELLER_WEBHOOKS_SECRET_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            **settings,
        }
        here = self._environment(self.postgres.url)
        command(here, "migrate")
        self.resellers = [command(here, "resellers", "add", f"R{n}") for n in range(RESELLERS)]
        self.key = command(here, "api-keys", "add", "--scope", "platform")
        self.apis = [self._process(f"api{n}", here, "--role", "api") for n in range(APIS)]
        self.workers = [self._worker(n) for n in range(WORKERS)]
        self.takeovers: list[Takeover] = []

    def start(self) -> None:
        for api in self.apis:
            api.start()
        for number, reseller in enumerate(self.resellers):
            self._add_webhook(reseller, ordered=number % 2 == 0)
        for worker in self.workers:
            self.begin(worker)

    def begin(self, worker: Worker) -> None:
        """Start a worker, and learn its name."""
        before = set(self._column("SELECT id FROM member"))
        worker.process.start()
        (worker.member,) = set(self._column("SELECT id FROM member")) - before

    def end(self) -> None:
        for one in [*self.apis, *(worker.process for worker in self.workers)]:
            one.signal(signal.SIGCONT)
            one.kill()
        self.receiver.end()
        self.postgres.end()

    def leaves(self, worker: Worker, what: str) -> None:
        """Note that others must take over now. Ordered webhooks wait longer, by design."""
        webhooks = self._column(
            "SELECT webhook.id FROM webhook JOIN lease ON lease.part = webhook.part"
            " WHERE NOT ordered AND lease.owner = %s",
            worker.member,
        )
        self.takeovers.append(Takeover(what, time.time(), frozenset(webhooks)))

    def pending(self) -> int:
        (count,) = self._column("SELECT count(*) FROM delivery")
        return int(count)

    def webhooks(self) -> dict[str, int]:
        """The webhook of each reseller."""
        with psycopg.connect(self.postgres.url) as connection:
            rows = connection.execute(
                "SELECT reseller.uuid, webhook.id FROM webhook"
                " JOIN reseller ON reseller.id = webhook.reseller_id"
            )
            return dict(rows.fetchall())

    def ordered(self) -> set[int]:
        return set(self._column("SELECT id FROM webhook WHERE ordered"))

    def _column(self, statement: str, *given: object) -> list[Any]:
        with psycopg.connect(self.postgres.url) as connection:
            return [value for (value,) in connection.execute(statement, given or None)]

    def _environment(self, database: str) -> dict[str, str]:
        return self.settings | {"RESELLER_WEBHOOKS_DATABASE": database}

    def _process(self, name: str, environment: dict[str, str], *words: str) -> Process:
        return Process(environment, *words, log=self.directory / f"{name}.log")

    def _worker(self, number: int) -> Worker:
        link = Link(self.postgres.socket)
        environment = self._environment(link.url)
        return Worker(self._process(f"worker{number}", environment, "--role", "worker"), link)

    def _add_webhook(self, reseller: str, *, ordered: bool) -> None:
        httpx.post(
            f"{self.apis[0].url}/api/v1/webhooks",
            params={"reseller": reseller},
            headers={"authorization": f"Bearer {self.key}"},
            json={
                "url": f"{self.receiver.url}/{reseller}",
                "resource": "COMPANY",
                "actions": ["ADDED", "CHANGED", "REMOVED"],
                "auth": {"type": "NONE"},
                "ordered": ordered,
                "maxInFlight": AT_ONCE,
            },
        ).raise_for_status()
