"""Backfills from records to receiver, with a real engine, while records change and things break."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import read_content
from reseller_webhooks.core.records.changes import Change, Put
from reseller_webhooks.core.sync.backfills import BackfillState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.engine.jobs.backfills import Backfills
from reseller_webhooks.operations import backfills, changes, resellers
from reseller_webhooks.operations.changes import ChangeRequest
from reseller_webhooks.store.tables import backfill
from tests.engine.engine_fixture import Running
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import HOST, Behaviour, Conversation, Receiver

URL = "https://platform.example"


class Platform(Running):
    """A reseller's companies, their events, and backfills of their webhooks."""

    def put(self, *uuids: str, name: str = "Acme") -> None:
        """Add or change companies."""
        reseller = resellers.by_number(self.database, self.reseller)
        assert reseller
        wanted = tuple(
            Change(
                reseller.uuid,
                Resource.COMPANY,
                uuid,
                Put(read_content(Resource.COMPANY, uuid, {"name": name})),
            )
            for uuid in uuids
        )
        changes.apply(self.database, [ChangeRequest(wanted)], public_url=URL)
        self.poke()

    def begin(self, row: WebhookRow, *, rate: int) -> None:
        backfills.begin(self.database, self.reseller, row.uuid, rate=rate)

    async def step_now(self) -> None:
        """The next step, without waiting until it is due."""
        with self.database.write() as tx:
            tx.connection.execute(update(backfill).values(next_at=0))
        await asyncio.to_thread(backfills.step, self.database, public_url=URL)
        self.poke()

    def state(self, row: WebhookRow) -> BackfillState:
        return backfills.get(self.database, self.reseller, row.uuid).state

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """The engine and what takes backfills on, until the process ends."""
        driver = Backfills(self.database, public_url=URL)
        async with self.sending():
            task = asyncio.create_task(driver.run())
            try:
                yield
            finally:
                task.cancel()


Make = Callable[..., Platform]
Receiving = Callable[[Behaviour], Receiver]


@pytest.fixture
def make(empty_sqlite: str, ca_file: Path) -> Make:
    return lambda **given: Platform(empty_sqlite, ca_file, **given)


@pytest.fixture
def receiving(authority: Authority) -> Receiving:
    return lambda behaviour: Receiver(behaviour, tls=authority.serves(HOST))


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in receiver.requests]


def versions(receiver: Receiver) -> dict[str, list[int]]:
    """What came of each record, in the order in which it came."""
    found: dict[str, list[int]] = defaultdict(list)
    for body in bodies(receiver):
        found[body["resource"]["uuid"]].append(body["resourceVersion"])
    return found


def each_second_one_fails() -> Behaviour:
    statuses = iter([200, 503] * 1_000)

    async def behave(talk: Conversation) -> None:
        while await talk.request():
            await talk.answer(next(statuses))

    return behave


async def test_every_record_reaches_a_webhook_that_was_added_later(
    make: Make, receiving: Receiving
) -> None:
    platform = make()
    platform.put("c1", "c2", "c3")
    platform.put("c2", name="Acme Ltd")
    async with receiving(answers()) as receiver, platform.going_on():
        row = platform.webhook(receiver.url())
        platform.begin(row, rate=100)
        await receiver.received(3)

    assert versions(receiver) == {"c1": [1], "c2": [2], "c3": [1]}
    assert {body["resourceAction"] for body in bodies(receiver)} == {"CHANGED"}
    assert bodies(receiver)[0]["resource"]["content"]["name"] == "Acme"


async def test_it_goes_on_after_a_restart_where_it_was(make: Make, receiving: Receiving) -> None:
    platform = make()
    platform.put("c1", "c2", "c3", "c4", "c5")
    async with receiving(answers()) as receiver:
        row = platform.webhook(receiver.url())
        platform.begin(row, rate=2)
        async with platform.going_on():
            await receiver.received(2)
        before = platform.state(row)
        async with platform.going_on():
            await receiver.received(5)
            await platform.until(lambda: platform.state(row) is BackfillState.DONE)

    assert before is BackfillState.RUNNING
    assert versions(receiver) == {f"c{n}": [1] for n in range(1, 6)}


@pytest.mark.parametrize("given", [{"ordered": True}, {"mode": "LATEST_STATE"}])
async def test_the_receiver_never_goes_back_to_an_older_state(
    make: Make, receiving: Receiving, given: dict[str, Any]
) -> None:
    platform = make(waits_s=(0.01,) * 12)
    companies = [f"c{n}" for n in range(30)]
    platform.put(*companies)
    async with receiving(each_second_one_fails()) as receiver, platform.sending():
        row = platform.webhook(receiver.url(), **given)
        platform.begin(row, rate=3)
        for change in range(10):
            await asyncio.to_thread(platform.put, *companies[change::10], name=f"Acme {change}")
            await platform.step_now()
            await receiver.received(len(receiver.requests) + 2)
        await platform.until(lambda: not platform.lines(State.PENDING))

    came = versions(receiver)
    assert platform.state(row) is BackfillState.DONE
    assert all(some == sorted(some) for some in came.values())
    assert {uuid: some[-1] for uuid, some in came.items()} == dict.fromkeys(companies, 2)
