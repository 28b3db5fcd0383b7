"""A process at its start: it waits for a server, refuses a bad disk, and tells systemd."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from testkit.postgres import postgres

WAIT_S = 60.0
ENDS = """
import sys
from reseller_webhooks import settings
from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.bootstrap.serving import listening, serve, server
from reseller_webhooks.observability import start_logging

async def ends():
    pass

start_logging(as_json=True)
one = server(settings.load(), ProcessRole.ALL)
one.program.intake._small.run = ends
serve(one, listening("127.0.0.1", 0))
"""


class Manager:
    """The socket that systemd would listen on."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(WAIT_S)

    def until(self, line: str) -> list[str]:
        """All lines that came, up to the one that is waited for."""
        lines: list[str] = []
        while line not in lines:
            lines += self._socket.recv(65536).decode().split("\n")
        return lines

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(tmp_path / "notify")
    yield one
    one.close()


@contextmanager
def child(directory: Path, words: list[str], **settings: str) -> "Iterator[subprocess.Popen[str]]":
    given = {"RESELLER_WEBHOOKS_DATABASE": f"sqlite:///{directory}/test.db"}
    process = subprocess.Popen(
        [sys.executable, *words],
        env=os.environ | given | settings,
        cwd=directory,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def serving(*words: str) -> list[str]:
    return ["-m", "reseller_webhooks", "serve", "--port", "0", *words]


def test_systemd_hears_when_it_is_ready_that_it_works_and_that_it_stops(
    tmp_path: Path, manager: Manager
) -> None:
    told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "3000000"}
    with child(tmp_path, serving(), **told) as process:
        before = manager.until("READY=1")
        again = manager.until("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        code = process.wait(WAIT_S)

    assert before[0] == "STATUS=waiting for the store"
    assert "STATUS=ok" in before + again
    assert code == 0


def test_serve_logs_where_it_accepts_requests_once_it_does(tmp_path: Path) -> None:
    with child(tmp_path, serving()) as process:
        assert process.stderr
        lines = (json.loads(line) for line in process.stderr)
        url = next(line["url"] for line in lines if "ready" in line["event"])
        answer = httpx.get(f"{url}/livez", timeout=WAIT_S)

    assert answer.status_code == 200


def test_a_process_that_lost_a_part_ends_with_a_code_that_is_not_0(tmp_path: Path) -> None:
    with child(tmp_path, ["-c", ENDS]) as process:
        _, told = process.communicate(timeout=WAIT_S)

    assert process.returncode == 70
    assert "a part of this process ended" in told


def test_a_worker_waits_for_a_server_that_is_not_there_yet(
    tmp_path: Path, manager: Manager
) -> None:
    with postgres() as server:
        database = Database(server.url)
        migrate.upgrade(database)
        database.close()
        server.stop()
        settings = {"RESELLER_WEBHOOKS_DATABASE": server.url, "NOTIFY_SOCKET": manager.address}
        with child(tmp_path, serving("--role", "worker"), **settings) as process:
            assert process.stderr
            told = process.stderr.readline()
            server.start()
            manager.until("READY=1")
            process.send_signal(signal.SIGTERM)
            code = process.wait(WAIT_S)

    assert "waiting for the store" in told
    assert code == 0


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB that has no byte left."""
    place = tmp_path / "full"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("only a user that may mount can make a small file system")
    with (place / "rest").open("wb", buffering=0) as rest:
        try:
            while rest.write(bytes(4096)):
                pass
        except OSError:
            pass
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["migrate"]])
def test_a_full_disk_is_refused_with_a_line_that_says_what_to_do(
    full: Path, words: list[str]
) -> None:
    url = f"sqlite:///{full}/test.db"
    given = ["-m", "reseller_webhooks", *words]
    with child(full, given, RESELLER_WEBHOOKS_DATABASE=url) as process:
        _, told = process.communicate(timeout=WAIT_S)

    assert process.returncode == 1
    assert len(told.splitlines()) == 1
    assert "free space on its disk" in told


@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["migrate"]])
def test_a_folder_that_cannot_be_made_is_refused_with_a_line_that_names_the_setting(
    tmp_path: Path, words: list[str]
) -> None:
    url = "sqlite:////proc/nowhere/test.db"
    given = ["-m", "reseller_webhooks", *words]
    with child(tmp_path, given, RESELLER_WEBHOOKS_DATABASE=url) as process:
        _, told = process.communicate(timeout=WAIT_S)

    assert process.returncode == 1
    assert len(told.splitlines()) == 1
    assert "/proc/nowhere" in told
    assert "RESELLER_WEBHOOKS_DATABASE" in told
