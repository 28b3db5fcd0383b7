"""The event log: its answers are those of plain SQL, along the indexes of docs/queries.md."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.enums import Action
from reseller_webhooks.operations import deliveries
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.deliveries import delivery_stats, log, log_counts
from tests.store.factories import reseller, webhook

DOCS = Path(__file__).parents[2] / "docs" / "queries.md"
LINES, HOOKS, BUSY, QUIET = 8_000, 10, 1, 2
CLOSED = """
INSERT INTO attempt (id, delivery_id, event_id, webhook_id, reseller_id, resource, action,
  resource_uuid, version, number, at, ms, detail, response, state, created_at)
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :lines)
SELECT n, n, n, CASE WHEN n % 2 = 0 THEN 1 ELSE 1 + n % :hooks END, 1, 'COMPANY',
  CASE WHEN n % 70 = 0 THEN 'REMOVED' ELSE 'CHANGED' END, 'c' || n % 100, 1, 1, n, 5, '', '',
  CASE WHEN n % 3 = 0 THEN 'FAILED' ELSE 'DELIVERED' END, n
FROM n
"""
PENDING = """
INSERT INTO delivery (event_id, webhook_id, reseller_id, part, resource, action, resource_uuid,
  version, attempts, created_at, next_at)
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :lines)
SELECT n, CASE WHEN n % 2 = 0 THEN 1 ELSE 1 + n % :hooks END, 1, 0, 'COMPANY', 'CHANGED',
  'c' || n % 100, 1, n % 2, n, n
FROM n
"""
PLAIN = """
SELECT at, id FROM (
  SELECT created_at AS at, id, webhook_id, action, 'PENDING' AS state FROM delivery
  UNION ALL
  SELECT created_at, delivery_id, webhook_id, action, state FROM attempt WHERE state IS NOT NULL
) lines
WHERE (:webhook = 0 OR webhook_id = :webhook) AND (:state = '' OR state = :state)
  AND (:action = '' OR action = :action) AND (:since = 0 OR at >= :since)
ORDER BY at DESC, id DESC
"""
ROOT = text("SELECT CAST(inhparent AS regclass) FROM pg_inherits WHERE inhrelid = to_regclass(:n)")
FAILED, WAITING = frozenset({State.FAILED}), frozenset({State.PENDING})
ROWS = {"pk_attempt", "pk_webhook", "ix_attempt_delivery_id"}
"""Of single rows, by their numbers."""
SAME = {"ix_delivery_resource": "ix_delivery_webhook_id_next_at_id"}
"""Both begin with the webhook."""
PERIODS = (None, 1, LINES - 3_000, LINES + 1)
"""From when on."""
SHOWN = (State.DELIVERED, State.PENDING, State.FAILED)
"""The states that have tabs."""
Work = Callable[[Tx], object]


def page(**given: Any) -> Work:
    return lambda tx: log.page(tx, LogQuery(1, **given))


def count(**given: Any) -> Work:
    return lambda tx: log_counts.count_lines(tx, LogQuery(1, **given))


ASKED: dict[str, Work] = {
    "newest lines": page(),
    "failed": page(states=FAILED),
    "pending": page(states=WAITING),
    "of a webhook": page(webhook_id=QUIET),
    "failed, of a webhook": page(webhook_id=QUIET, states=FAILED),
    "failed or superseded, of a webhook": page(
        webhook_id=QUIET, states=FAILED | {State.SUPERSEDED}
    ),
    "pending, of a webhook with few": page(webhook_id=QUIET, states=WAITING),
    "pending, of a webhook with many": page(webhook_id=BUSY, states=WAITING),
    "count of failed, of a webhook": count(webhook_id=QUIET, states=FAILED),
    "count of delivered, of a webhook": count(webhook_id=BUSY, states={State.DELIVERED}),
    "count of delivered": count(states={State.DELIVERED}),
    "failed, removed": page(states=FAILED, action=Action.REMOVED),
    "count of failed, removed": count(states=FAILED, action=Action.REMOVED),
    "count of delivered, removed": count(states={State.DELIVERED}, action=Action.REMOVED),
    "failed, removed, of a webhook": page(webhook_id=BUSY, states=FAILED, action=Action.REMOVED),
    "a webhook's hours": lambda tx: delivery_stats.hour_counts(tx, [QUIET], since=1, hours=2),
}


# What must be read in the sequence of an index: sorting reads all lines of a busy webhook.
UNSORTED: dict[str, Work] = {
    "failed, of a webhook": page(webhook_id=BUSY, states=FAILED),
    "delivered, of a webhook": page(webhook_id=BUSY, states=frozenset({State.DELIVERED})),
}
BY_NUMBER: dict[str, Work] = {
    "a line": lambda tx: log.line(tx, LINES // 2, reseller_id=1),
    "lines": lambda tx: log.lines(tx, [1, 2, 3], reseller_id=1),
}


@pytest.fixture
def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Lines and pending deliveries of ten webhooks, half of them of one."""
    monkeypatch.setattr("reseller_webhooks.store.deliveries.log_query.SORTED_MAX", LINES // 4)
    with database.write() as tx:
        owner = reseller(tx)
        for number in range(HOOKS):
            webhook(tx, reseller_id=owner, url=f"https://receiver.example/{number}")
        for statement in (CLOSED, PENDING):
            tx.connection.execute(text(statement), {"lines": LINES, "hooks": HOOKS})
        if tx.connection.dialect.name == "postgresql":  # which has statistics in production, too
            tx.connection.exec_driver_sql("ANALYZE attempt, delivery")
    return database


@contextmanager
def plans(tx: Tx) -> Iterator[list[str]]:
    """The plans of what is asked meanwhile."""
    found: list[str] = []
    is_sqlite = tx.connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "

    def plan(_: Any, cursor: Any, statement: str, given: Any, *__: Any) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(explain + statement, given)
            found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    hooks.listen(tx.connection, "before_cursor_execute", plan)
    yield found
    hooks.remove(tx.connection, "before_cursor_execute", plan)


def indexes(found: list[str]) -> set[str]:
    """The indexes in plans; tables read whole, too."""
    steps = "\n".join(found)
    named = re.findall(r"(?:INDEX|Scan using|Backward using|Index Scan on) (\w+)", steps)
    return {*named, *re.findall(r"(?:SCAN|Seq Scan on) (attempt\w*|delivery)\b", steps)}


def planned(database: Database, work: Work) -> set[str]:
    with database.read() as tx:
        if tx.connection.dialect.name == "postgresql":  # the tables are small
            tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        with plans(tx) as steps:
            work(tx)
        found = indexes(steps)
        if tx.connection.dialect.name == "sqlite":
            return found - ROWS
        roots = {name: tx.connection.execute(ROOT, {"n": name}).scalar() for name in found}
    found = {str(root or name) for name, root in roots.items()}
    return {SAME.get(name, name) for name in found - ROWS}


def documented() -> dict[str, set[str]]:
    """The table of docs/queries.md."""
    rows = re.findall(r"^\| ([^|`]+?) \| (`[^|]+) \|$", DOCS.read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows}


def test_the_log_is_read_along_the_indexes_that_the_docs_name(filled: Database) -> None:
    assert {name: planned(filled, work) for name, work in ASKED.items()} == documented()


@pytest.mark.parametrize("work", UNSORTED.values(), ids=UNSORTED.keys())
def test_lines_of_a_busy_webhook_are_read_without_sorting(filled: Database, work: Work) -> None:
    with filled.read() as tx, plans(tx) as found:
        work(tx)

    assert found
    assert not re.search(r"\bSort\b|TEMP B-TREE", "\n".join(found))


@pytest.mark.parametrize("work", BY_NUMBER.values(), ids=BY_NUMBER.keys())
def test_lines_are_found_by_their_numbers(filled: Database, work: Work) -> None:
    assert planned(filled, work) <= {"pk_delivery"}


def test_pages_and_counts_are_those_of_plain_sql(filled: Database) -> None:
    choices = (None, BUSY, QUIET), (None, *SHOWN), (None, Action.REMOVED), PERIODS
    for hook, state, action, since in product(*choices):
        states = frozenset({state}) if state else frozenset()
        query = LogQuery(
            1, states, webhook_id=hook, action=action, since=since, limit=60, behind=(LINES, 10**9)
        )
        given = {"webhook": hook or 0, "state": state or "", "action": action or ""}
        with filled.read() as tx:
            plain = tx.connection.execute(text(PLAIN), given | {"since": since or 0}).all()
            counted = log_counts.count_lines(tx, replace(query, behind=None))
        found, _ = deliveries.search(filled, query)

        assert [(one.line.created_at, one.line.delivery_id) for one in found] == plain[:60]
        exact = min(len(plain), log_counts.COUNTED_MAX)
        assert counted.number <= exact if counted.more else counted.number == len(plain)
        if action is None and since is None:
            assert counted.number == exact
