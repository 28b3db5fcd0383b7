"""Pages of the event log among 5,000,000 attempts of 90 days, on PostgreSQL: p50 and p99."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text

from bench.engine_harness import Workplace
from bench.postgres import Postgres
from bench.program import workshop
from reseller_webhooks.clock import DAY, Micros
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.store.db import day_partitions
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import log
from reseller_webhooks.store.deliveries.log_counts import count_lines
from testkit import transactions

ATTEMPTS = 5_000_000
DAYS = 90
RESELLERS = 20
ASKED = 200
EXPLAIN, SHOWN = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)", 12
FILL = """
INSERT INTO attempt (delivery_id, event_id, webhook_id, reseller_id, resource, action,
  resource_uuid, version, number, at, ms, outcome, status, detail, response, state, created_at)
SELECT :before + n, :before + n, 1 + n % :resellers, 1 + n % :resellers, 'COMPANY', 'CHANGED',
  'c' || n % 1000, 1, 1, :at + n * 1000, 5, 'ACCEPTED', 200, '', 'ok',
  CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'DELIVERED' END, :at + n * 1000
FROM generate_series(1, :count) n
"""

ONE_RECORD = """
INSERT INTO event (id, uuid, reseller_id, resource, resource_uuid, action, ticked, version,
  changed_at, body)
SELECT :first + n, gen_random_uuid(), n, 'COMPANY', 'one', 'CHANGED', 0, :version, :at, '{}'
FROM generate_series(1, :resellers) n
"""
ITS_ATTEMPTS = """
UPDATE attempt SET event_id = :first + reseller_id, resource_uuid = 'one'
WHERE delivery_id > :before AND delivery_id <= :before + :resellers
"""


def main() -> None:
    with workshop() as directory:
        postgres = Postgres(directory)
        place = Workplace(postgres.url)
        try:
            for number in range(RESELLERS):
                place.webhook(place.reseller(f"R{number}"), "https://receiver.example/hook")
            last = _fill(place.database)
            _ask(place.database, last)
        finally:
            place.database.close()
            postgres.end()


def _fill(database: Database) -> Micros:
    """A day after the other, from today on; the last instant."""
    count = ATTEMPTS // DAYS
    for day in range(DAYS):
        with database.write() as tx:
            at = tx.now + day * DAY
            then = transactions.at_time(tx, at)
            day_partitions.make(then)
            day_partitions.turn(then)
            given = {"before": day * count, "at": at, "count": count, "resellers": RESELLERS}
            tx.connection.execute(text(FILL), given)
            given |= {"first": day_partitions.first_id(at), "version": 1 + day}
            tx.connection.execute(text(ONE_RECORD), given)
            tx.connection.execute(text(ITS_ATTEMPTS), given)
    with database.write() as tx:
        tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
        tx.connection.execute(text("ANALYZE attempt, event"))
        return tx.now + DAYS * DAY


def _ask(database: Database, last: Micros) -> None:
    def page(query: LogQuery) -> None:
        with database.read() as tx:
            log.page(tx, query)

    def counts(query: LogQuery) -> None:
        with database.read() as tx:
            count_lines(tx, query)

    failed = frozenset({State.FAILED})
    middle = last - DAYS * DAY // 2
    _time("newest page", page, LogQuery)
    _time("newest page of what failed", page, lambda one: LogQuery(one, failed))
    _time("newest page of a webhook", page, lambda one: LogQuery(one, webhook_id=one))
    _time("a page from the middle", page, lambda one: LogQuery(one, until=middle))
    _time("counts on the tabs", counts, LogQuery)
    _time("a record of 90 days", page, lambda one: LogQuery(one, resource_uuid="one"))
    _time("counts of that record", counts, lambda one: LogQuery(one, resource_uuid="one"))
    _explain(database, "newest page", LogQuery(1))
    _explain(database, "a page from the middle", LogQuery(1, until=middle))


def _explain(database: Database, name: str, query: LogQuery) -> None:
    """How the database came to a page: what of which table it read, and how much of it."""
    asked: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    with database.read() as tx:
        event.listen(tx.connection, "before_cursor_execute", note)
        log.page(tx, query)
        statement, parameters = next(one for one in asked if "FROM attempt" in one[0])
        plan = tx.connection.exec_driver_sql(f"{EXPLAIN} {statement}", parameters).scalars().all()
    print(f"-- {name}: {len(plan)} lines of plan")
    print("\n".join(plan[:SHOWN]))


def _time(name: str, work: Callable[[LogQuery], None], ask: Callable[[int], LogQuery]) -> None:
    """ask: the query of a reseller, whose one webhook has the same number."""
    taken = []
    for number in range(ASKED):
        query = ask(1 + number % RESELLERS)
        began = time.perf_counter()
        work(query)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    print(f"{name:28} p50 {taken[len(taken) // 2]:6.1f} ms, p99 {taken[-ASKED // 100 - 1]:6.1f} ms")


if __name__ == "__main__":
    main()
