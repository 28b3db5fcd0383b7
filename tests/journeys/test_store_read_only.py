"""PostgreSQL takes no changes for a while: nothing ends, and all goes on by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.health.conditions import ConditionCode
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.operations import resellers, webhooks
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.postgres import postgres
from tests.conftest import Running, serving
from tests.journeys.test_store_away import calling, eventually
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver

LEASE_S = 2.0


async def test_a_worker_outlives_a_database_that_is_read_only_for_longer_than_its_leases(
    tmp_path: Path, migrated: Path
) -> None:
    authority = Authority()
    receiver = Receiver(answers(), tls=authority.serves(LOOPBACK))
    ca_file = authority.write(tmp_path)
    with postgres() as server:
        prepare(server.url)
        given = {"database": server.url, "ca_file": ca_file, "lease_s": LEASE_S}
        async with receiver, serving(tmp_path, migrated, **given) as running:
            reseller = resellers.add(running.database, "Northwind")
            spec = Spec(
                url=receiver.url(host=LOOPBACK),
                resource=Resource.COMPANY,
                actions=frozenset(Action),
            )
            webhooks.add(running.database, running.program.box, reseller.id, spec)
            async with calling(running, reseller) as change:
                (await change("One")).raise_for_status()
                await receiver.received(1)
                await asyncio.to_thread(server.set, "default_transaction_read_only", "on")
                await eventually(reports(running, ConditionCode.LEASES_NOT_RENEWED))
                refused = await change("Two")
                alive = await get(running, "/livez")
                await asyncio.to_thread(server.set, "default_transaction_read_only", "off")

                async def taken() -> bool:
                    return (await change("Three")).is_success

                await eventually(taken)
            await receiver.received(2)
            await eventually(reports(running))

    assert refused.is_server_error
    assert alive.status_code == 200


def prepare(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()


async def get(running: Running, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        return await client.get(path)


def reports(running: Running, *codes: ConditionCode) -> Callable[[], Any]:
    """Whether /readyz names these conditions; without any, whether it is ready."""

    async def asked() -> bool:
        answer = await get(running, "/readyz")
        named = {one["code"] for one in answer.json()["conditions"]}
        return named >= set(codes) and answer.is_success == (not codes)

    return asked
