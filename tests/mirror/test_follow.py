"""A mirror without webhooks: the event feed alone keeps it equal."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, update

from reseller_mirror.follow import Follower
from reseller_mirror.mirror import Mirror, connect
from reseller_mirror.reconcile import compare
from reseller_mirror.source import Source
from reseller_webhooks.clock import DAY, SECOND
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import authentication, resellers
from reseller_webhooks.store.tables import event
from tests.conftest import Running


@pytest.fixture
def northwind(running: Running) -> Reseller:
    return resellers.add(running.database, "Northwind")


@pytest.fixture
async def platform(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    key = authentication.add_key(running.database, Scope.PLATFORM, None).key
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def source(running: Running, northwind: Reseller) -> Iterator[Source]:
    key = authentication.add_key(running.database, Scope.RESELLER_READ, northwind.uuid).key
    opened = Source(running.url, key)
    yield opened
    opened.close()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    held = Mirror(connect(f"sqlite:///{tmp_path}/mirror.db"))
    held.create()
    yield held
    held.engine.dispose()


async def change(platform: httpx.AsyncClient, reseller: Reseller, uuid: str, name: str) -> None:
    one = {"reseller": reseller.uuid, "type": "COMPANY", "uuid": uuid, "content": {"name": name}}
    answer = await platform.post("/api/v1/changes", json={"changes": [one]})
    assert answer.status_code == 200, answer.text


async def test_a_mirror_is_equal_by_the_feed_alone_and_goes_on_where_it_stopped(
    platform: httpx.AsyncClient, northwind: Reseller, mirror: Mirror, source: Source
) -> None:
    await change(platform, northwind, "before", "Acme")
    follower = Follower(mirror, source, wait_s=0)
    await asyncio.to_thread(follower.step)
    await change(platform, northwind, "before", "Acme Ltd")
    await change(platform, northwind, "after", "Globex")
    count = await asyncio.to_thread(Follower(mirror, source, wait_s=0).step)

    assert count == 2
    assert (await asyncio.to_thread(compare, mirror, source, "COMPANY")).equal
    assert mirror.version("COMPANY", "before") == 2


async def test_a_mirror_whose_cursor_expired_fetches_the_current_records(
    platform: httpx.AsyncClient,
    running: Running,
    northwind: Reseller,
    mirror: Mirror,
    source: Source,
) -> None:
    follower = Follower(mirror, source, wait_s=0)
    for uuid in ("a", "b", "c"):
        await change(platform, northwind, uuid, "Acme")
    with running.database.write() as tx:
        long_ago = running.database.clock.now() - 90 * DAY + 50 * SECOND
        tx.connection.execute(update(event).values(changed_at=long_ago))
    feed = (await platform.get("/api/v1/events", params={"reseller": northwind.uuid})).json()
    mirror.set_cursor(feed["items"][0]["cursor"])
    with running.database.write() as tx:
        kept = tx.connection.execute(event.select().order_by(event.c.id.desc())).first()
        assert kept is not None
        tx.connection.execute(delete(event).where(event.c.id < kept.id))
    for _ in range(2):
        await asyncio.to_thread(follower.step)

    assert (await asyncio.to_thread(compare, mirror, source, "COMPANY")).equal
    assert mirror.count("COMPANY") == 3


async def test_it_goes_on_while_the_platform_answers_with_errors(
    platform: httpx.AsyncClient, northwind: Reseller, mirror: Mirror, source: Source
) -> None:
    mirror.set_cursor("not a cursor")
    stopping = threading.Event()
    working = asyncio.create_task(
        asyncio.to_thread(Follower(mirror, source, wait_s=1).run, stopping)
    )
    await change(platform, northwind, "a", "Acme")
    async with asyncio.timeout(20):
        while not mirror.version("COMPANY", "a"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        stopping.set()
        await working

    assert mirror.cursor() not in (None, "not a cursor")
