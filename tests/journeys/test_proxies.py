"""Visitors behind a proxy are told apart, and nobody else can pretend to come from there."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.bootstrap.program import ProcessRole, Program
from reseller_webhooks.bootstrap.server import Server
from reseller_webhooks.bootstrap.systemd import ServiceManager
from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.http.pages import paths
from reseller_webhooks.operations import users
from reseller_webhooks.settings import Settings, trusted_proxies
from reseller_webhooks.store.db.database import Database
from tests.conftest import SECRET_KEY
from tests.pages.browser_client import token_in


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[str, Database]]:
    """The program behind its own server; its URL and store."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        database = f"sqlite:///{folder}/test.db"
        settings = Settings(database=database, public_url=url, secret_keys=(SECRET_KEY,))
        server = Server(Program(settings, ProcessRole.API), ServiceManager())
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield url, server.program.database
        finally:
            server.should_exit = True
            await task


@pytest.mark.parametrize(
    ("proxies", "address"),
    [
        (None, "203.0.113.7"),  # a proxy on this machine
        ("127.0.0.0/8", "203.0.113.7"),
        ("192.0.2.1", "127.0.0.1"),  # the proxy is elsewhere, so this is no proxy
    ],
)
async def test_where_a_visitor_comes_from(
    tmp_path: Path,
    migrated: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxies: str | None,
    address: str,
) -> None:
    shutil.copy(migrated, tmp_path / "test.db")
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if proxies:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", proxies)
    # The visitor has made up the first; what the proxy adds stands behind it.
    headers = {"x-forwarded-for": "198.51.100.1, 203.0.113.7"}
    async with (
        served(tmp_path) as (url, database),
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as visitor,
    ):
        path = f"{paths.SIGN_IN}/{users.add(database, 'ana@acme.example', Role.OPERATOR, None)}"
        token = token_in((await visitor.get(path)).text)
        await visitor.post(path, data={"form-token": token}, headers={"origin": url})
        with database.read() as tx:
            (found,) = tx.connection.exec_driver_sql("SELECT address FROM session").scalars()

    assert found == address


@pytest.mark.parametrize("given", ["10.0.0.1/8", "proxy.example", "10.0.0.5, *"])
def test_what_is_no_proxys_address_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", given)

    with pytest.raises(Refused, match="FORWARDED_ALLOW_IPS holds"):
        trusted_proxies()
