"""serve --workers: several processes of one machine send, and are looked after."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bench.program import Receiver, Server, workshop
from reseller_webhooks.operations import leases
from reseller_webhooks.store.db.database import Database
from testkit.ports import free_port

WAIT_S = 30.0
LOOK_S = 0.05
RECORDS = 200
ACCEPTED = r'attempts_total{outcome="ACCEPTED"} ([0-9.]+)'


@pytest.fixture
def directory() -> Iterator[Path]:
    with workshop() as one:
        yield one


@contextmanager
def serving_with_workers(directory: Path, **settings: str) -> Iterator[Server]:
    server = Server(directory, "--workers", "2", RESELLER_WEBHOOKS_LEASE_S="3", **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def receiver(directory: Path) -> Iterator[Receiver]:
    one = Receiver(directory)
    try:
        yield one
    finally:
        one.end()


def until(condition: Callable[[], Any]) -> Any:
    """The value, once there is one; other processes are watched, which cannot signal."""
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(LOOK_S)
    return value


def owners(directory: Path) -> frozenset[str]:
    database = Database(f"sqlite:///{directory}/bench.db")
    try:
        return leases.live_workers(database)
    finally:
        database.close()


def accepted(server: Server) -> list[float]:
    """How many each of the two has seen accepted, by its own count."""
    pages = [httpx.get(f"http://127.0.0.1:{server.port + n}/metrics").text for n in (1, 2)]
    return [float(one) for page in pages for one in re.findall(ACCEPTED, page)]


def change_all(server: Server, name: str) -> None:
    server.change([server.company(number, name) for number in range(RECORDS)])


def test_two_workers_share_what_is_to_be_sent(directory: Path) -> None:
    with serving_with_workers(directory) as server, receiver(directory) as one:
        until(lambda: len(owners(directory)) == 2)
        for number in range(20):
            server.add_webhook(f"{one.url}/{number}")
        change_all(server, "first")
        until(lambda: one.count() == 20 * RECORDS)
        counted = until(lambda: sum(some := accepted(server)) == 20 * RECORDS and some)

    assert len(counted) == 2
    assert min(counted) > 0


def test_each_process_tells_metrics_on_a_port_of_its_own_and_nothing_else(directory: Path) -> None:
    first = free_port(3)
    with serving_with_workers(directory, RESELLER_WEBHOOKS_METRICS_PORT=str(first)) as server:
        until(lambda: len(owners(directory)) == 2)
        pages = [httpx.get(f"http://127.0.0.1:{first + n}/metrics") for n in range(3)]
        statuses = [
            httpx.get(url).status_code
            for url in (
                f"{server.url}/metrics",
                f"http://127.0.0.1:{server.port + 1}/metrics",
                f"http://127.0.0.1:{first}/readyz",
                f"http://127.0.0.1:{first}/sign-in",
            )
        ]
    roles = [re.findall(r'build_info{.*role="([a-z]+)"', page.text) for page in pages]

    assert roles == [["all"], ["worker"], ["worker"]]
    assert statuses == [404, 404, 404, 404]
    for page in pages:
        assert "reseller_webhooks_workers_alive 2.0" in page.text
        assert "reseller_webhooks_partitions_without_owner 0.0" in page.text


def test_a_worker_that_is_killed_is_started_again_and_nothing_is_lost(directory: Path) -> None:
    with serving_with_workers(directory) as server, receiver(directory) as one:
        before = until(lambda: len(both := owners(directory)) == 2 and both)
        server.add_webhook(f"{one.url}/hook")
        server.process.children()[0].kill()
        change_all(server, "first")
        told = until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        until(lambda: len({event for event, _ in one.times()}) == RECORDS)
        until(lambda: owners(directory) - before and len(server.process.children()) == 2)

    assert told


def test_workers_end_with_the_process_that_keeps_them(directory: Path) -> None:
    with serving_with_workers(directory) as server:
        until(lambda: len(owners(directory)) == 2)
        workers = server.process.children()
        server.kill()
        _, alive = psutil.wait_procs(workers, timeout=WAIT_S)

    assert (len(workers), alive) == (2, [])
    assert owners(directory) == frozenset()
