"""A standby that lost the last moments takes over; versions do not come again."""

import asyncio
import json
from pathlib import Path

import httpx

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.operations import (
    authentication,
    delivery_queue,
    generations,
    resellers,
    webhooks,
)
from reseller_webhooks.store.db import counters, migrate
from reseller_webhooks.store.db.database import Database
from testkit.postgres import Pair, primary_and_standby
from testkit.processes import wait_until
from tests.conftest import serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver, Request

WITHIN_S = 60.0


async def test_after_a_failover_a_receiver_that_applies_what_is_newer_ends_equal(
    tmp_path: Path, migrated: Path
) -> None:
    authority = Authority()
    ca_file = authority.write(tmp_path)
    with primary_and_standby(synchronous=False) as pair:
        url = pair.url
        migrate.upgrade(Database(url))
        async with (
            Receiver(answers(), tls=authority.serves(LOOPBACK)) as receiver,
            serving(tmp_path, migrated, database=url, ca_file=ca_file) as running,
        ):
            reseller = resellers.add(running.database, "Northwind")
            spec = Spec(
                url=receiver.url(host=LOOPBACK),
                resource=Resource.COMPANY,
                actions=frozenset(Action),
            )
            webhooks.add(running.database, running.program.box, reseller.id, spec)
            key = authentication.add_key(running.database, Scope.PLATFORM, None).key
            await feed(running.url, key, reseller.uuid, {"c1": "One", "c2": "Two"})
            await receiver.received(2)
            on_standby = await asyncio.to_thread(fall_behind, pair)
            lost = await feed(running.url, key, reseller.uuid, {"c1": "Lost", "c3": "Lost"})
            await receiver.received(4)
            _, cursor = await read(running.url, key, reseller.uuid)
            lost_number = delivery_queue.last_delivery(running.database)
            await asyncio.to_thread(lose_the_last_moments, pair)
            again = await feed(running.url, key, reseller.uuid, {"c1": "One", "c3": None})
            await receiver.received(6)
            generation = generations.current(running.database)
            number = delivery_queue.last_delivery(running.database)
            items, _ = await read(running.url, key, reseller.uuid, cursor)

    assert on_standby is None
    assert lost == {"c1": 2, "c3": 1}
    assert generation.number == 2
    assert again == {"c1": generation.floor + 1, "c3": generation.floor + 1}
    assert number > lost_number + counters.GAP / 2
    assert set(items) == {"c1", "c2", "c3"}
    assert held(receiver.requests) == {"c1": "One", "c2": "Two", "c3": None}


def fall_behind(pair: Pair) -> object:
    """Stop the standby once it has everything; what timeline it told until then."""
    newest = pair.primary.value("SELECT pg_current_wal_lsn()")
    wait_until(
        lambda: bool(pair.standby.value(f"SELECT pg_last_wal_replay_lsn() >= '{newest}'")),
        "the standby has replayed everything",
    )
    told = pair.standby.value("SELECT store_timeline()")
    pair.standby.stop()
    return told


def lose_the_last_moments(pair: Pair) -> None:
    pair.primary.kill()
    pair.standby.start()
    pair.fail_over()


async def feed(url: str, key: str, reseller: str, names: dict[str, str | None]) -> dict[str, int]:
    """Name companies, or remove them, until it is answered; the versions, by id."""
    some = [
        {"reseller": reseller, "type": "COMPANY", "uuid": uuid}
        | ({"content": {"name": name}} if name else {"removed": True})
        for uuid, name in names.items()
    ]
    headers = {"authorization": f"Bearer {key}"}
    async with (
        asyncio.timeout(WITHIN_S),
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as api,
    ):
        while True:
            answer = await api.post("/api/v1/changes", json={"changes": some})
            if answer.is_success:
                return {one["uuid"]: one["version"] for one in answer.json()["results"]}
            await asyncio.sleep(0.1)


async def read(url: str, key: str, reseller: str, cursor: str = "") -> tuple[dict[str, int], str]:
    """The versions of the companies behind a cursor, by id, and the cursor to go on from."""
    given = {"reseller": reseller} | ({"cursor": cursor} if cursor else {})
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as api:
        found = (await api.get("/api/v1/sync/COMPANY", params=given)).json()
    return {one["uuid"]: one["version"] for one in found["items"]}, found["nextCursor"]


def held(requests: list[Request]) -> dict[str, str | None]:
    """What a receiver holds that applies only what is newer: names, by id."""
    newest: dict[str, tuple[int, str | None]] = {}
    for one in requests:
        told = json.loads(one.body)
        uuid, version = told["resource"]["uuid"], told["resourceVersion"]
        if version > newest.get(uuid, (0, None))[0]:
            content = told["resource"].get("content")
            newest[uuid] = version, content and content["name"]
    return {uuid: name for uuid, (_, name) in newest.items()}
