"""A JetStream server, an empty database with one reseller, and programs between them."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from nats.js import JetStreamContext

from reseller_webhooks.store.db.database import Database
from testkit.processes import clean_environment
from tests.nats.jetstream import Nats

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Without the pictures of a traceback, each of which takes a second."""
    structlog.configure(
        [structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nats]:
    one = Nats(tmp_path / "nats")
    yield one
    one.kill()


@pytest.fixture
async def js(server: Nats) -> AsyncIterator[JetStreamContext]:
    async with server.js() as one:
        yield one


@pytest.fixture
def url(tmp_path: Path, migrated: Path) -> str:
    shutil.copy(migrated, tmp_path / "test.db")
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    one = Database(url)
    yield one
    one.close()


@pytest.fixture
def start(tmp_path: Path, url: str) -> Iterator[Start]:
    """Starts the real command; whatever still runs at the end is killed."""
    started = []

    def start(*words: str, database: str = url) -> "subprocess.Popen[str]":
        one = subprocess.Popen(
            [sys.executable, "-m", "reseller_webhooks", *words],
            env=clean_environment() | {"RESELLER_WEBHOOKS_DATABASE": database},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.communicate()
