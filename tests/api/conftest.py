"""Callers of the API: a client for each kind of key; and on which databases it is tried."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import authentication, resellers
from tests.conftest import Running, serving

ON_BOTH = {
    *("test_erasures", "test_event_feed"),
    *("test_backfills", "test_changes", "test_deliveries", "test_jobs", "test_log", "test_records"),
    *("test_fan_out_full", "test_stream", "test_sync"),
}
"""Modules whose answers depend on what a database does; the others are about what comes before."""

ON_POSTGRES = {"test_late_records"}
"""Modules about what only a PostgreSQL does."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a program on each database on which it may answer otherwise."""
    if "running" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        is_sqlites = metafunc.definition.get_closest_marker("sqlite") is not None
        kinds = ["sqlite", "postgres"] if module in ON_BOTH and not is_sqlites else ["sqlite"]
        kinds = ["postgres"] if module in ON_POSTGRES else kinds
        metafunc.parametrize("running", kinds, indirect=True)


@pytest.fixture
async def running(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Path
) -> AsyncIterator[Running]:
    """A whole program on an empty database of the kind that was asked for."""
    own = {}
    if request.param == "postgres":
        own["database"] = request.getfixturevalue("empty_postgres")
    async with serving(tmp_path, migrated, **own) as one:
        yield one


@pytest.fixture
def northwind(running: Running) -> Reseller:
    """The only reseller, unless a test asks for another."""
    return resellers.add(running.database, "Northwind")


@pytest.fixture
def contoso(running: Running, northwind: Reseller) -> Reseller:
    return resellers.add(running.database, "Contoso")


@pytest.fixture
async def platform(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with client(running, Scope.PLATFORM, None) as one:
        yield one


@pytest.fixture
async def manager(running: Running, northwind: Reseller) -> AsyncIterator[httpx.AsyncClient]:
    """Has a key for Northwind."""
    async with client(running, Scope.RESELLER, northwind) as one:
        yield one


@pytest.fixture
async def rival(running: Running, contoso: Reseller) -> AsyncIterator[httpx.AsyncClient]:
    """Has a key for Contoso."""
    async with client(running, Scope.RESELLER, contoso) as one:
        yield one


@pytest.fixture
async def reader(running: Running, northwind: Reseller) -> AsyncIterator[httpx.AsyncClient]:
    """Has a key that may only read Northwind's."""
    async with client(running, Scope.RESELLER_READ, northwind) as one:
        yield one


@pytest.fixture
async def nobody(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Has no key."""
    async with httpx.AsyncClient(base_url=running.url, timeout=20) as one:
        yield one


def client(running: Running, scope: Scope, reseller: Reseller | None) -> httpx.AsyncClient:
    """A client with a new key."""
    made = authentication.add_key(running.database, scope, reseller.uuid if reseller else None)
    return httpx.AsyncClient(
        base_url=running.url, headers={"authorization": f"Bearer {made.key}"}, timeout=20
    )
