"""A store with as many lines of the log as a bench wants, on SQLite or PostgreSQL.

Resellers, webhooks and records come by the program's own API; what a worker would have written in
weeks is put there in bulk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.engine_harness import KEY
from bench.program import Server
from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.store.db.database import Database, Tx

A_REQUEST = 500
LARGE_BYTES = 200_000
LINES_AT_ONCE = 100_000
DAYS = 60
REMOVED_OF = 60_000
"""One line in so many is of a removal."""
CLOSED = """
INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,
  resource_uuid, version, number, at, ms, outcome, status, detail, response, state, created_at)
WITH RECURSIVE n(n) AS (
  SELECT CAST(:first + 1 AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < :last)
SELECT :unused + n, :event + n % :records,
  CASE WHEN n % 2 = 0 THEN :busy ELSE :busy + n % :webhooks END, 1, 'COMPANY',
  CASE WHEN n % :removed = 0 THEN 'REMOVED' ELSE 'CHANGED' END, 'c-' || (n % :records), 1, 1,
  :since + n * :step, 5, 'ACCEPTED', 200, '', 'ok',
  CASE WHEN n % 30 = 0 THEN 'FAILED' ELSE 'DELIVERED' END, :since + n * :step
FROM n
"""
PENDING = """
INSERT INTO delivery (event_id, webhook_id, reseller_id, part, resource, action, resource_uuid,
  version, attempts, created_at, next_at)
WITH RECURSIVE n(n) AS (
  SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < :pending)
SELECT :event + n % :records, CASE WHEN n % 10 = 0 THEN :busy + n % :webhooks ELSE :busy END, 1, 0,
  'COMPANY', 'CHANGED', 'c-' || (n % :records), 1, 0, :since + n * :step, :until
FROM n
"""


@dataclass(frozen=True)
class Size:
    """How much there is of everything.

    pending: deliveries of one webhook, nearly all. versions: of one record. large: records with
    200 KB of content, of a reseller of their own.
    """

    webhooks: int
    records: int
    lines: int
    pending: int
    resellers: int
    versions: int
    large: int

    def scaled(self, scale: float) -> "Size":
        """So many times as much of everything."""
        return Size(*(max(1, round(one * scale)) for one in astuple(self)))


@dataclass
class Store:
    """A program on its store, and what to ask it for.

    busy, quiet: webhooks. large: a reseller with large records. old: a record of many versions.
    """

    server: Server
    database: Database
    busy: str
    quiet: str
    large: str
    old: str = "c-1"

    def plain(self, statement: str, **given: Any) -> list[Any]:
        """The answer of plain SQL."""
        with self.database.read() as tx:
            return list(tx.connection.execute(text(statement), given))


@contextmanager
def built(directory: Path, url: str, size: Size) -> Iterator[Store]:
    """A program that runs on a new store of that size."""
    directory.mkdir()
    given = {
        "RESELLER_WEBHOOKS_DATABASE": url,
        "RESELLER_WEBHOOKS_SECRET_KEYS": KEY,
        "RESELLER_WEBHOOKS_CA_FILE": str(directory.parent / "ca.pem"),
    }
    server = Server(directory, "--role", "api", **given)
    server.start()
    database = Database(url).within(600)
    try:
        yield Store(server, database, *_fill(server, database, size))
    finally:
        server.stop()
        database.close()


def _fill(server: Server, database: Database, size: Size) -> tuple[str, str, str]:
    """The first and the last webhook, and the reseller with large records."""
    names = [f"Reseller {number:05}" for number in range(size.resellers)]
    large = [_add_reseller(server, name) for name in [*names, "Large"]][-1]
    _add_records(server, size, large)
    urls = (f"https://receiver.example/{number}" for number in range(size.webhooks))
    hooks = [str(server.add_webhook(one)["id"]) for one in urls]
    server.change([server.company(0, "Changed for all webhooks")])
    _add_lines(database, size, hooks[0])
    return hooks[0], hooks[-1], large


def _add_reseller(server: Server, name: str) -> str:
    answer = server.api.post("/api/v1/resellers", json={"name": name}).raise_for_status()
    return str(answer.json()["id"])


def _add_records(server: Server, size: Size, large: str) -> None:
    """Before there are webhooks, so that nobody is told of them."""
    for start in range(0, size.records, A_REQUEST):
        some = range(start, min(start + A_REQUEST, size.records))
        server.change([server.company(number, f"Company {number}") for number in some])
    for start in range(0, size.versions, A_REQUEST):
        some = range(start, min(start + A_REQUEST, size.versions))
        server.change([server.company(1, f"Version {number}") for number in some])
    for number in range(size.large):
        one = server.company(number, "Large") | {"reseller": large}
        server.change([one | {"content": one["content"] | {"description": "x" * LARGE_BYTES}}])


def _add_lines(database: Database, size: Size, busy: str) -> None:
    with database.read() as tx:
        given = _numbers(tx, size, busy)
    for first in range(0, size.lines, LINES_AT_ONCE):
        last = min(first + LINES_AT_ONCE, size.lines)
        with database.write() as tx:
            tx.connection.execute(text(CLOSED), given | {"first": first, "last": last})
    with database.write() as tx:
        pending = {"pending": size.pending, "step": given["step"] * size.lines // size.pending}
        tx.connection.execute(text(PENDING), given | pending)
        if tx.connection.dialect.name == "postgresql":
            tx.connection.exec_driver_sql("ANALYZE")


def _numbers(tx: Tx, size: Size, busy: str) -> dict[str, Any]:
    """The store's numbers of what the lines name, and the times between which they are."""

    def number(statement: str, **given: Any) -> int:
        return int(tx.connection.execute(text(statement), given).scalar_one())

    since: Micros = tx.now - DAYS * DAY
    return {
        "busy": number("SELECT id FROM webhook WHERE uuid = :uuid", uuid=busy),
        "event": number("SELECT min(id) FROM event"),
        "unused": number("SELECT max(id) FROM delivery") + 10_000_000,
        "records": size.records,
        "webhooks": size.webhooks,
        "removed": REMOVED_OF,
        "since": since,
        "until": tx.now + DAY,
        "step": DAYS * DAY // (size.lines + 1),
    }
