"""What tests of the network seam share: an authority, and both event loops."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.engine.engine_fixture import Make, Running
from tests.receivers.authority import Authority
from tests.receivers.receiver import HOST, Behaviour, Receiver

ON_BOTH_LOOPS = {"test_ssrf_guard.py", "test_sender.py", "test_sender_hostile.py"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """TLS, sockets and their errors differ between the loops, so their tests run on both."""
    loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return loops if item.path.name in ON_BOTH_LOOPS else {"asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority.write(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def make(empty_sqlite: str, ca_file: Path) -> Make:
    def made(url: str = empty_sqlite, **given: Any) -> Running:
        return Running(url, ca_file, **given)

    return made


@pytest.fixture
def receiving(authority: Authority) -> Callable[[Behaviour], Receiver]:
    return lambda behaviour: Receiver(behaviour, tls=authority.serves(HOST))
