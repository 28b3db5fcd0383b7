"""Intake on real databases: batches by cost, and a request that fails takes no other with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Cause, Unavailable
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.ingest.batcher import (
    BYTES_A_BATCH,
    CHANGES_A_BATCH,
    ChangeBatcher,
    count_that_fits,
)
from reseller_webhooks.ingest.intake import LARGE_CHANGES, Intake
from reseller_webhooks.operations import changes, resellers
from reseller_webhooks.operations.changes import ChangeRequest, ChangesAnswer
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.tables import record
from reseller_webhooks.supervision import Tasks

URL = "https://platform.example"
WITHIN_S = 20.0


@pytest.fixture
def database(on_postgres: Database) -> Database:
    return on_postgres


@pytest.fixture
async def intake(database: Database) -> AsyncIterator[Intake]:
    """One whose transactions wait half a second for a lock."""
    quotas = Quotas(database, Settings().quotas)
    one, tasks = Intake(database.within(2.0, lock_s=0.5), URL, quotas), Tasks()
    one.start(tasks)
    yield one
    await one.stop()
    await tasks.stop()


def put(reseller: Reseller, uuid: str, name: str) -> Change:
    content = read_content(Resource.COMPANY, uuid, {"name": name})
    return Change(reseller.uuid, Resource.COMPANY, uuid, Put(content))


def request(reseller: Reseller, *uuids: str, name: str = "New") -> ChangeRequest:
    return ChangeRequest(tuple(put(reseller, uuid, name) for uuid in uuids))


@contextmanager
def locked(database: Database, reseller: Reseller, uuid: str) -> Iterator[None]:
    """A record that another transaction changes all the while."""
    changes.apply(database, [request(reseller, uuid, name="Old")], public_url=URL)
    with database.write() as tx:
        mine = select(record.c.id).where(record.c.uuid == uuid).with_for_update()
        tx.connection.execute(mine)
        yield


async def test_a_request_that_fails_takes_no_other_of_its_batch_with_it(
    intake: Intake, database: Database, reseller: Reseller
) -> None:
    with locked(database, reseller, "held"):
        some = [request(reseller, uuid) for uuid in ("a", "held", "b", "c")]
        async with asyncio.timeout(WITHIN_S):
            answers = await asyncio.gather(*map(intake.submit, some), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [answers.index(one) for one in refused] == [1]
    assert isinstance(refused[0], Unavailable)


async def test_a_request_that_fails_by_itself_is_told_to_be_smaller(
    intake: Intake, database: Database, reseller: Reseller
) -> None:
    with locked(database, reseller, "held"), pytest.raises(Unavailable) as refused:
        async with asyncio.timeout(WITHIN_S):
            await intake.submit(request(reseller, "a", "held"))

    assert refused.value.cause is Cause.BUSY
    assert "these 2 changes in time; send fewer in a request" in str(refused.value.message)
    assert refused.value.retry_after_s == 10


async def test_small_requests_do_not_wait_for_a_large_one(
    intake: Intake, database: Database, reseller: Reseller
) -> None:
    """The large one waits for a lock until the small one has its answer."""
    other = resellers.add(database, "Other")
    many = [f"c{number}" for number in range(LARGE_CHANGES)]
    with locked(database, reseller, "held"):
        large = asyncio.create_task(intake.submit(request(reseller, "held", *many)))
        async with asyncio.timeout(WITHIN_S):
            await asyncio.sleep(0)
            answer = await intake.submit(request(other, "a"))
            assert answer.results[0].action == "ADDED"
            assert not large.done()
            with pytest.raises(Unavailable):
                await large


def test_a_batch_ends_where_it_costs_too_much(reseller: Reseller) -> None:
    small = ChangeRequest((put(reseller, "a", "A"),), size=100)
    heavy = ChangeRequest((put(reseller, "b", "B"),), size=BYTES_A_BATCH)
    long = request(reseller, *(f"c{number}" for number in range(1_000)))

    assert count_that_fits([]) == 0
    assert count_that_fits([small] * (CHANGES_A_BATCH + 5)) == CHANGES_A_BATCH
    assert count_that_fits([heavy, small]) == 1
    assert count_that_fits([small, heavy]) == 1
    assert count_that_fits([long, long, small]) == 2


async def test_changes_are_counted_while_they_wait(reseller: Reseller) -> None:
    """Transactions that take one request each put the others back."""
    batcher = ChangeBatcher("test", lambda _: [ChangesAnswer(())])
    tasks = Tasks()
    requests = [request(reseller, "a"), request(reseller, "b", "c"), request(reseller, "d")]
    submitted = [asyncio.create_task(batcher.submit(one)) for one in requests]
    await asyncio.sleep(0)
    assert batcher.changes == 4

    tasks.spawn("batches", batcher.run)
    async with asyncio.timeout(WITHIN_S):
        await asyncio.gather(*submitted)
        await batcher.stop()
    await tasks.stop()

    assert batcher.changes == 0
