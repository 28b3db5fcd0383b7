"""What the engine asks all the time is answered along indexes: no table is read from end to end."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event as hooks

from reseller_webhooks.core.deliveries.delivery import ScanRequest, State
from reseller_webhooks.core.deliveries.log import LogQuery
from reseller_webhooks.core.sync.horizon import Horizon
from reseller_webhooks.core.webhooks.webhook import PARTS
from reseller_webhooks.operations import deliveries as operations
from reseller_webhooks.operations import delivery_queue
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.list_conditions import LONG
from reseller_webhooks.store.deliveries import deliveries
from reseller_webhooks.store.webhooks import backfills
from tests.store.factories import event, made, reseller, told, webhook

pytestmark = pytest.mark.sqlite


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """The steps of every statement that runs meanwhile; they are there once the block has ended."""
    statements: list[str] = []
    steps: list[str] = []

    def begin(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(statements.append)

    def end(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(None)

    engines = (database.engine, database._writing)
    for one in engines:
        hooks.listen(one, "checkout", begin)
        hooks.listen(one, "checkin", end)
    yield steps
    for one in engines:
        hooks.remove(one, "checkout", begin)
        hooks.remove(one, "checkin", end)
    with closing(sqlite3.connect(database.file_of(database.url) or "")) as connection:
        for one in statements:
            if one.startswith(("SELECT", "DELETE", "UPDATE")):
                rows = connection.execute(f"EXPLAIN QUERY PLAN {one}")
                steps.extend(step for *_, step in rows)


def test_no_deliveries_are_read_that_are_not_asked_for(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        number = webhook(tx, reseller_id=owner).id
        told(tx, *(event(reseller_id=owner, version=v) for v in (1, 2, 3)))
    with plans(on_sqlite) as steps:
        for ordered in (False, True):
            (found,) = delivery_queue.scan(
                on_sqlite, [ScanRequest(number, ordered, 1, frozenset())]
            )
        for include_due in (False, True):
            delivery_queue.new_deliveries(on_sqlite, 1, parts=range(PARTS), include_due=include_due)
        delivery_queue.due_late_commits(on_sqlite, Horizon(1), 3)
        delivery_queue.first_due_s(on_sqlite)
        delivery_queue.last_delivery(on_sqlite)
        delivery_queue.pull_back(on_sqlite, range(PARTS))
        one = found.due[0].delivery
        delivery_queue.write_results(on_sqlite, [made(one, State.PENDING, next_at=1)], {})
        delivery_queue.write_results(on_sqlite, [made(one, State.DELIVERED)], {})

    read = [step for step in steps if step.startswith("SCAN delivery")]
    assert len(steps) > 10
    assert read == []


def test_lines_of_many_events_are_found_by_their_events(on_sqlite: Database) -> None:
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        webhook(tx, reseller_id=owner)
        some = [event(reseller_id=owner, version=version + 1) for version in range(LONG + 1)]
        told(tx, *some)
    query = LogQuery(owner, resource_uuid=some[0].resource_uuid)
    with plans(on_sqlite) as steps:
        operations.search(on_sqlite, query)
        operations.tallies(on_sqlite, query, [frozenset(), frozenset({State.FAILED})])

    of_lines = [step for step in steps if step.split()[1] in {"delivery", "attempt"}]
    assert len(of_lines) == 4
    assert all("_event_id (event_id=?" in step for step in of_lines)


def test_older_deliveries_of_a_resource_are_found_by_the_whole_of_their_index(
    on_sqlite: Database,
) -> None:
    with on_sqlite.write() as tx:
        owner = reseller(tx)
        number = webhook(tx, reseller_id=owner).id
        events = told(tx, event(reseller_id=owner))
    with plans(on_sqlite) as steps:
        delivery_queue.scan(on_sqlite, [ScanRequest(number, True, 1, frozenset())])
        with on_sqlite.write() as tx:
            deliveries.supersede(tx, events)
            backfills.under_way(tx, number, ["r1"])

    whole = "ix_delivery_resource (webhook_id=? AND <expr>=? AND resource_uuid=?"
    found = [step for step in steps if whole in step]
    # Heads among those that are due, and among the others; superseded ones; those under way.
    assert len(found) == 4
    assert [step.endswith(" AND version<?)") for step in found].count(True) == 3
