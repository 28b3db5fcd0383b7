"""kill -9 between the steps of a fan-out: every delivery is made, each once, in order."""

import os
from itertools import pairwise

from sqlalchemy import func, select

from bench.program import Process
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.operations import changes, resellers
from reseller_webhooks.operations.changes import ChangeRequest
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.deliveries import fan_out
from reseller_webhooks.store.tables import delivery
from testkit.processes import wait_until
from tests.store import factories

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
WEBHOOKS, RECORDS = 100, 500
EVENTS = RECORDS + 1
WITHIN_S = 120.0


def test_a_kill_between_steps_loses_and_doubles_nothing(empty_postgres: str) -> None:
    url = empty_postgres
    settings = {"RESELLER_WEBHOOKS_DATABASE": url, "RESELLER_WEBHOOKS_SECRET_KEYS": KEY}
    database, server = Database(url), Process(os.environ | settings)
    leave_to_steps(database)
    try:
        server.start()
        wait_until(lambda: pending(database) < EVENTS, "steps begin", WITHIN_S)
        server.kill()
        left = pending(database)
        server.start()
        wait_until(lambda: pending(database) == 0, "the steps go on", WITHIN_S)
    finally:
        server.kill()

    assert 0 < left < EVENTS
    assert made(database, delivery.c.id) == WEBHOOKS * EVENTS
    assert made(database, delivery.c.webhook_id, delivery.c.event_id) == WEBHOOKS * EVENTS
    assert all(a < b for a, b in pairwise(versions_of_first_record(database)))
    database.close()


def leave_to_steps(database: Database) -> None:
    """Commit a large request and a later change of its first record, for paused webhooks."""
    reseller = resellers.add(database, "Northwind")
    with database.write() as tx:
        for number in range(WEBHOOKS):
            url = f"https://receiver.example/{number}"
            factories.webhook(tx, reseller_id=reseller.id, url=url, state="PAUSED", ordered=True)

    def apply(name: str, count: int) -> None:
        content = [read_content(Resource.COMPANY, f"c{n}", {"name": name}) for n in range(count)]
        some = [
            Change(reseller.uuid, Resource.COMPANY, f"c{n}", Put(one))
            for n, one in enumerate(content)
        ]
        changes.apply(database, [ChangeRequest(tuple(some))], public_url="https://platform.example")

    apply("Acme", RECORDS)
    apply("Acme Ltd", 1)


def pending(database: Database) -> int:
    with database.read() as tx:
        return fan_out.backlog(tx).count


def made(database: Database, *columns: object) -> int:
    """How many different deliveries there are, as these columns tell them apart."""
    distinct = select(*columns).distinct().subquery()  # type: ignore[call-overload]
    with database.read() as tx:
        return int(tx.connection.execute(select(func.count()).select_from(distinct)).scalar_one())


def versions_of_first_record(database: Database) -> list[int]:
    """In the sequence in which one webhook's deliveries were made."""
    with database.read() as tx:
        first = select(func.min(delivery.c.webhook_id)).scalar_subquery()
        mine = select(delivery.c.version).where(
            delivery.c.resource_uuid == "c0", delivery.c.webhook_id == first
        )
        return list(tx.connection.execute(mine.order_by(delivery.c.id)).scalars())
