"""The pages of a reseller with 100,000 lines of the log: time on the server, and size.

Asked for over HTTP from the real program, one after another; the way there is in the time.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

import httpx

from bench.program import Server, workshop
from reseller_webhooks.core.enums import DELIVERY
from reseller_webhooks.http.pages import paths

RECORDS, WEBHOOKS = 10_000, 10
A_REQUEST = 1_000
ASKED = 60
LIMIT_MS, LIMIT_KB = 100, 100
PENDING, FAILED = 50, 20
"""One delivery in so many."""
SENT = """
INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,
  resource_uuid, version, number, at, ms, outcome, status, reason, detail, response, state,
  created_at)
SELECT id, event_id, webhook_id, reseller_id, resource, action, resource_uuid, version, 1,
  created_at + 1000, 7, iif(id % :failed, 'ACCEPTED', 'FAILED'), iif(id % :failed, 200, 503),
  iif(id % :failed, NULL, 'STATUS'),
  iif(id % :failed, '', 'answered 503; a receiver confirms with any status from 200 to 299'),
  'ok', iif(id % :failed, 'DELIVERED', 'FAILED'), created_at
FROM delivery WHERE id % :pending
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each request in ascending order, and the page's kilobytes."""

    ms: list[float]
    kb: float

    def __str__(self) -> str:
        median, late = self.ms[len(self.ms) // 2], self.ms[-len(self.ms) // 20]
        missed = " MISSED" if median > LIMIT_MS or self.kb > LIMIT_KB else ""
        return f"median {median:6.1f} ms, p95 {late:6.1f} ms, {self.kb:5.1f} KB{missed}"


def main() -> None:
    with workshop() as directory:
        server = Server(directory, "--role", "api")
        server.start()
        try:
            hook, record = fill(server, RECORDS)
            lines, last = send(str(directory / "bench.db"))
            size = (directory / "bench.db").stat().st_size / 2**20
            print(f"{lines:,} lines, {RECORDS:,} records, {WEBHOOKS} webhooks; {size:.0f} MB")
            visitor = signed_in(server)
            for name, path in _pages(hook, record, last).items():
                print(f"{name:24} {_time(visitor, path)}", flush=True)
        finally:
            server.stop()


def fill(server: Server, records: int) -> tuple[str, str]:
    """Records that webhooks were told of; the id of one of each."""
    hooks = [
        server.add_webhook(f"https://receiver.example/{number}")["id"] for number in range(WEBHOOKS)
    ]
    for start in range(0, records, A_REQUEST):
        server.change([server.company(n, f"Company {n}") for n in range(start, start + A_REQUEST)])
    return str(hooks[0]), str(server.company(records - 1, "")["uuid"])


def send(path: str) -> tuple[int, str]:
    """As if a worker had sent most of it; how many lines there are, and one that was delivered."""
    given = {"failed": FAILED, "pending": PENDING}
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        lines = store.execute("SELECT count(*) FROM delivery").fetchone()[0]
        store.execute(SENT, given)
        store.execute("DELETE FROM delivery WHERE id % :pending", given)
        last = store.execute("SELECT max(delivery_id) FROM attempt").fetchone()[0]
        store.execute("COMMIT")
    return lines, f"{DELIVERY}{last}"


def signed_in(server: Server, *, operator: bool = False) -> httpx.Client:
    """Somebody in front of the pages, signed in as an admin or as an operator."""
    email = f"ana-{uuid4().hex}@acme.example"
    of_reseller = ("--reseller", server.reseller, "--role", "admin")
    link = server.command("users", "add", email, *(("--operator",) if operator else of_reseller))
    visitor = httpx.Client(base_url=server.url, follow_redirects=True, timeout=30)
    opened = visitor.get(f"{paths.SIGN_IN}/{link.rsplit('/', 1)[-1]}").raise_for_status()
    token = opened.text.partition('name="form-token" value="')[2].partition('"')[0]
    headers = {"origin": server.url}
    visitor.post(opened.url, data={"form-token": token}, headers=headers).raise_for_status()
    return visitor


def _pages(hook: str, record: str, last: str) -> Mapping[str, str]:
    return {
        "webhooks": paths.WEBHOOKS,
        "a webhook": paths.webhook(hook),
        "the form": paths.ADD,
        "event log": paths.LOG,
        "event log, failed": paths.log(tab="failed"),
        "event log, a webhook": paths.log(webhook=hook),
        "event log, a record": paths.log(id=record),
        "a delivery": paths.delivery(last),
        "records": paths.RECORDS,
        "a record": paths.record("COMPANY", record),
        "audit log": paths.HISTORY,
        "account": paths.ACCOUNT,
    }


def _time(visitor: httpx.Client, path: str) -> Timed:
    def asked() -> float:
        began = time.perf_counter()
        visitor.get(path).raise_for_status()
        return (time.perf_counter() - began) * 1000

    size = len(visitor.get(path).content) / 1024
    return Timed(sorted(_times(ASKED, asked)), size)


def _times(count: int, work: Callable[[], float]) -> list[float]:
    return [work() for _ in range(count)]


if __name__ == "__main__":
    main()
