"""What commits late is seen all the same: webhooks, pauses, URLs and deliveries, on real stores.

Late means: long after its time and its number were given to it, and others with higher ones were
seen. PostgreSQL does that when a transaction waits for a lock, SQLite when a write to the disk
takes long.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.webhooks.webhook import SpecPatch, WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.operations import webhooks
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.webhooks import webhooks as stored
from testkit import transactions
from tests.engine.engine_fixture import Make, Running
from tests.receivers.behaviours import answers
from tests.receivers.receiver import WAIT_S, Behaviour, Receiver
from tests.store.factories import event, told

LATE = 13 * SECOND
IN_A_ROW = 3
"""So many deliveries held back one after the other are no coincidence."""


@pytest.fixture(params=["sqlite", "postgres"])
def running(make: Make, request: pytest.FixtureRequest) -> Running:
    if request.param == "sqlite":
        return make()
    return make(url=request.getfixturevalue("empty_postgres"))


@pytest.fixture
def on_postgres(make: Make, empty_postgres: str) -> Running:
    return make(url=empty_postgres)


@pytest.fixture
def receiver(receiving: Callable[[Behaviour], Receiver]) -> Receiver:
    return receiving(answers())


def change_late(running: Running, row: WebhookRow, **columns: object) -> None:
    """Commit a change that was stamped long ago, as one does whose commit took that long."""
    with running.database.write() as tx:
        stored.change(transactions.at_time(tx, tx.now - LATE), row.id, **columns)


async def delivered(running: Running, row: WebhookRow, uuid: str) -> None:
    await running.until(lambda: uuid in sent(running, row))


def sent(running: Running, row: WebhookRow) -> set[str]:
    """The events that the webhook was told of."""
    closed = [one for one in running.lines(State.DELIVERED) if one.webhook_id == row.id]
    return {one.event.uuid for one in map(running.details, closed) if one.event}


async def held_back(running: Running, row: WebhookRow, beside: WebhookRow) -> None:
    """Returns once nothing is sent to a webhook any more, while another gets all."""
    in_a_row = 0
    async with asyncio.timeout(WAIT_S):
        while in_a_row < IN_A_ROW:
            (uuid,) = running.tell("c1")
            await delivered(running, beside, uuid)
            in_a_row = 0 if uuid in sent(running, row) else in_a_row + 1


async def test_a_pause_that_commits_late_holds(running: Running, receiver: Receiver) -> None:
    async with receiver, running.sending():
        row, beside = running.webhook(receiver.url("/a")), running.webhook(receiver.url("/b"))
        (uuid,) = running.tell("c1")
        await delivered(running, row, uuid)
        change_late(running, row, state=WebhookState.PAUSED.value)

        await held_back(running, row, beside)


async def test_a_url_that_commits_late_is_the_one_that_is_sent_to(
    running: Running, receiver: Receiver
) -> None:
    async with receiver, running.sending():
        row = running.webhook(receiver.url("/before"))
        (uuid,) = running.tell("c1")
        await delivered(running, row, uuid)
        change_late(running, row, url=receiver.url("/after"))
        async with asyncio.timeout(WAIT_S):
            while receiver.requests[-1].path != "/after":
                (uuid,) = running.tell("c1")
                await delivered(running, row, uuid)
        so_far = len(receiver.requests)
        for uuid in running.tell("c1", "c2", "c3"):
            await delivered(running, row, uuid)

    assert {one.path for one in receiver.requests[so_far:]} == {"/after"}


async def test_a_webhook_that_commits_late_gets_its_deliveries(
    running: Running, receiver: Receiver
) -> None:
    async with receiver, running.sending():
        known = running.webhook(receiver.url("/known"))
        (uuid,) = running.tell("c1")
        await delivered(running, known, uuid)
        row = running.webhook(receiver.url("/late"))
        change_late(running, row, url=receiver.url("/late"))
        (uuid,) = running.tell("c1")

        await delivered(running, row, uuid)


@contextmanager
def locked(database: Database, table: str) -> Iterator[Callable[[], bool]]:
    """The table is locked against writers. Yields: whether somebody waits for it."""
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

    def is_waited_for() -> bool:
        with database.read() as tx:
            return bool(tx.connection.execute(waits).scalar())

    with database.write() as tx:
        tx.connection.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        yield is_waited_for


async def behind_a_lock(running: Running, known: WebhookRow, call: Callable[[], Any]) -> Any:
    """Call what waits for a lock while a webhook with a higher revision commits and is known."""
    with locked(running.database, "audit") as is_waited_for:
        waiting = asyncio.create_task(asyncio.to_thread(call))
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(is_waited_for):
                pass
        with running.database.write() as tx:
            stored.change(tx, known.id, max_in_flight=known.max_in_flight + 1)
        running.poke()
        for uuid in running.tell("c1", "c2"):
            await delivered(running, known, uuid)
    return await waiting


async def test_a_webhook_that_waited_for_a_lock_gets_its_deliveries(
    on_postgres: Running, receiver: Receiver
) -> None:
    running = on_postgres
    async with receiver, running.sending():
        known = running.webhook(receiver.url("/known"))
        row = await behind_a_lock(running, known, lambda: running.webhook(receiver.url("/late")))
        (uuid,) = running.tell("c1")

        await delivered(running, row, uuid)


async def test_a_pause_that_waited_for_a_lock_holds(
    on_postgres: Running, receiver: Receiver
) -> None:
    running = on_postgres
    async with receiver, running.sending():
        known, row = running.webhook(receiver.url("/known")), running.webhook(receiver.url("/a"))
        given = running.database, running.reseller, row.uuid
        paused = await behind_a_lock(running, known, lambda: webhooks.pause(*given))

        assert paused.state is WebhookState.PAUSED
        await held_back(running, row, known)


async def test_a_url_that_waited_for_a_lock_is_the_one_that_is_sent_to(
    on_postgres: Running, receiver: Receiver
) -> None:
    running = on_postgres
    async with receiver, running.sending():
        known, row = running.webhook(receiver.url("/known")), running.webhook(receiver.url("/a"))
        patch = SpecPatch(url=receiver.url("/after"))
        given = running.database, running.box, running.reseller, row.uuid, patch
        await behind_a_lock(running, known, lambda: webhooks.change(*given))
        async with asyncio.timeout(WAIT_S):
            while receiver.requests[-1].path != "/after":
                (uuid,) = running.tell("c1")
                await delivered(running, row, uuid)


async def test_deliveries_that_commit_below_numbers_already_seen_are_sent(
    on_postgres: Running, receiver: Receiver
) -> None:
    running = on_postgres
    async with receiver, running.sending():
        row = running.webhook(receiver.url())
        late = event(reseller_id=running.reseller, resource_uuid="late")
        with running.database.write() as tx:
            told(tx, late)
            (higher,) = running.tell("c1")
            await delivered(running, row, higher)
            async with asyncio.timeout(WAIT_S):
                while not await asyncio.to_thread(asked_for_writers, running.database, tx.now):
                    pass

        await delivered(running, row, late.uuid)


def asked_for_writers(database: Database, since: int) -> bool:
    """Whether the engine has looked who is writing since an instant."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM pg_locks%'"
        " AND query_start > to_timestamp(:since / 1000000.0) AND pid <> pg_backend_pid()"
    )
    with database.read() as tx:
        return bool(tx.connection.execute(asked, {"since": since}).scalar())
