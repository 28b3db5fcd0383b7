"""Callers of the API: a client for each kind of key."""

from collections.abc import AsyncIterator

import httpx
import pytest

from reseller_webhooks.core.access import Scope
from reseller_webhooks.operations import access, resellers
from reseller_webhooks.store.resellers import Reseller
from tests.conftest import Running


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
    made = access.add_key(running.database, scope, reseller.uuid if reseller else None)
    return httpx.AsyncClient(
        base_url=running.url, headers={"authorization": f"Bearer {made.key}"}, timeout=20
    )
