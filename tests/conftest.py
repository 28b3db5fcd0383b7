"""What tests of whole programs share: a database that is ready, and a program on a real port."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import settings as hypothesis_settings

from reseller_webhooks.bootstrap.ingress import bounds
from reseller_webhooks.bootstrap.program import ProcessRole, Program
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import resellers
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.database import Database

# How long an example takes says more of the machine, and what else runs there, than of the code.
hypothesis_settings.register_profile("any machine", deadline=None)
hypothesis_settings.load_profile("any machine")

pytest_plugins = ["tests.costs", "tests.databases", "tests.markers"]

SECRET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass(frozen=True)
class Running:
    """A program that serves at `url` until its test ends."""

    program: Program
    url: str

    @property
    def database(self) -> Database:
        return self.program.database


@pytest.fixture
def reseller(database: Database) -> Reseller:
    """The only reseller of the `database` that the test's folder or module provides."""
    return resellers.add(database, "Northwind")


@pytest.fixture
def northwind(database: Database) -> Reseller:
    """The first of two resellers of that database."""
    return resellers.add(database, "Northwind")


@pytest.fixture
def contoso(database: Database) -> Reseller:
    return resellers.add(database, "Contoso")


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path, migrated) as one:
        yield one


@asynccontextmanager
async def serving(
    directory: Path, migrated: Path, part: ProcessRole = ProcessRole.ALL, **given: Any
) -> AsyncIterator[Running]:
    """A whole program on a port of its own. given: settings that matter to the test."""
    shutil.copy(migrated, directory / "test.db")
    # asyncio sends small answers at once only on sockets that say that they are TCP.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = {
            "database": f"sqlite:///{directory}/test.db",
            "public_url": url,
            "secret_keys": (SECRET_KEY,),
            "allow_targets": "127.0.0.0/8",
        } | given
        program = Program(Settings(**settings), part)
        async with _served(program, listening):
            yield Running(program, url)


@asynccontextmanager
async def _served(program: Program, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        program.asgi(),
        log_level="warning",
        timeout_graceful_shutdown=1,
        **bounds(program.context.settings),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    await server.listens.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()
