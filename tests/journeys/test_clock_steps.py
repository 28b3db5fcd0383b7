"""The clock is set while the program runs: what waits goes out at most one wait late.

The receiver waits for 20 s: a heartbeat, a lease, a wait, and a busy machine. Without the rules it
would take as long as the step.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.program import Server
from reseller_webhooks import clock
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.faketime import WallClock, needs_faketime
from testkit.postgres import postgres
from testkit.processes import directory as shared_directory
from testkit.processes import wait_until
from tests.receivers.authority import Authority
from tests.receivers.behaviours import by_turns
from tests.receivers.receiver import LOOPBACK, Receiver

pytestmark = needs_faketime
HOUR = 3600
WITHIN_S = 20.0
SETTINGS = {"RESELLER_WEBHOOKS_RETRY_SCHEDULE": "4,4,4", "RESELLER_WEBHOOKS_LEASE_S": "3"}


@dataclass
class Running:
    """The program in a process of its own, and a receiver here."""

    server: Server
    receiver: Receiver

    async def do(self, call: Any, *given: Any) -> Any:
        """Ask the program while the receiver goes on."""
        return await asyncio.to_thread(call, *given)

    async def tell(self) -> dict[str, Any]:
        """A webhook, and a change that it is told of; the webhook."""
        added = await self.do(self.server.add_webhook, self.receiver.url(host=LOOPBACK))
        await self.do(self.server.change, [self.server.company(1, "Acme")])
        return dict(added)

    async def until_tried(self) -> None:
        """Wait until the first attempt is written, and nothing was sent again."""
        await self.do(wait_until, self._is_tried, "the first attempt is written", WITHIN_S)
        assert len(self.receiver.requests) == 1

    def _is_tried(self) -> bool:
        given = {"reseller": self.server.reseller}
        items = self.server.api.get("/api/v1/deliveries", params=given).json()["items"]
        return any(one["attemptCount"] for one in items)

    def get(self, path: str) -> Any:
        return self.server.api.get(path, params={"reseller": self.server.reseller})

    def post(self, path: str) -> Any:
        answer = self.server.api.post(path, params={"reseller": self.server.reseller})
        answer.raise_for_status()
        return answer.json()


@asynccontextmanager
async def running(place: Path, *statuses: int, **settings: str) -> AsyncIterator[Running]:
    authority = Authority()
    given = SETTINGS | {"RESELLER_WEBHOOKS_CA_FILE": str(authority.write(place))} | settings
    tls = authority.serves(LOOPBACK)
    async with Receiver(by_turns([*statuses]), tls=tls) as receiver:
        server = await asyncio.to_thread(lambda: Server(place, **given))
        await asyncio.to_thread(server.start)
        try:
            yield Running(server, receiver)
        finally:
            await asyncio.to_thread(server.stop)


async def test_a_retry_goes_out_though_the_clock_was_set_back_3_hours(tmp_path: Path) -> None:
    wall = WallClock(tmp_path)
    async with running(tmp_path, 503, 200, **wall.environment) as one:
        await one.tell()
        await one.until_tried()
        wall.set(-3 * HOUR)
        first, again = await one.receiver.received(2)

    assert again.header("webhook-id") == first.header("webhook-id")


def tables(url: str) -> Mapping[str, str]:
    """A new database with this version's tables, as a setting."""
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    return {"RESELLER_WEBHOOKS_DATABASE": url}


async def test_a_worker_that_died_before_the_database_was_set_back_is_replaced(
    tmp_path: Path,
) -> None:
    with shared_directory("clock") as place:
        wall = WallClock(place)
        with postgres(wall.environment) as database:
            async with running(tmp_path, 503, 200, **tables(database.url)) as one:
                await one.tell()
                await one.until_tried()
                await one.do(one.server.kill)
                wall.set(-2 * HOUR)
                await one.do(one.server.start)
                first, again = await one.receiver.received(2)

    assert again.header("webhook-id") == first.header("webhook-id")


async def test_a_program_whose_clock_is_a_day_ahead_says_so_and_signs_by_the_database(
    tmp_path: Path, empty_postgres: str
) -> None:
    wall = WallClock(tmp_path)
    wall.set(25 * HOUR)
    given = {**wall.environment, **tables(empty_postgres)}
    async with running(tmp_path, 200, **given) as one:
        webhook = await one.tell()
        await one.do(one.post, f"/api/v1/webhooks/{webhook['id']}/rotate-secret")
        await one.do(one.post, f"/api/v1/webhooks/{webhook['id']}/test")
        told, tried = await one.receiver.received(2)
        ready = (await one.do(one.get, "/readyz")).json()
        metrics = (await one.do(one.get, "/metrics")).text

    assert abs(int(told.header("webhook-timestamp") or 0) - clock.now() / clock.SECOND) < 60
    assert abs(int(tried.header("webhook-timestamp") or 0) - clock.now() / clock.SECOND) < 60
    assert len((tried.header("webhook-signature") or "").split()) == 2
    assert "clock-off-store" in [condition["code"] for condition in ready["conditions"]]
    line = next(x for x in metrics.splitlines() if x.startswith("reseller_webhooks_clock_skew"))
    assert float(line.split()[1]) == pytest.approx(25 * HOUR, abs=60)
