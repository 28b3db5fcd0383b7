"""Hostile callers against real processes: memory, time of the processor, what others feel."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path

import httpx
import psutil
import pytest

from attack import bombs, connections, floods, pages
from attack.measuring import Attack, another_caller, in_a_process
from testkit.ports import free_port
from testkit.processes import wait_until
from testkit.raw_http import said, status

MIB = 2**20
SETTINGS = {
    "RESELLER_WEBHOOKS_SECRET_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "RESELLER_MIRROR_KEY": "rwk_1",
    "RESELLER_MIRROR_SECRETS": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
SERVERS = {
    "serve": (["serve"], "/livez"),
    "mirror": (["mirror", "--source", "http://127.0.0.1:1"], "/"),
}


class Server:
    """A process, and how another caller asks it."""

    def __init__(self, process: psutil.Process, port: int, path: str) -> None:
        self.process, self.port = process, port
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)
        self._path = path

    def call(self) -> httpx.Response:
        answer = self._client.get(self._path)
        return httpx.Response(200 if answer.status_code < 500 else answer.status_code)

    def answers(self) -> bool:
        try:
            return self.call().is_success
        except httpx.TransportError:
            return False

    def memory(self) -> float:
        return float(self.process.memory_info().rss / MIB)

    def cpu_s(self) -> float:
        return float(sum(self.process.cpu_times()[:2]))


@contextmanager
def started(name: str, directory: Path) -> Iterator[Server]:
    words, path = SERVERS[name]
    port = free_port()
    databases = {
        "RESELLER_WEBHOOKS_DATABASE": f"sqlite:///{directory}/test.db",
        "RESELLER_MIRROR_DATABASE": f"sqlite:///{directory}/mirror.db",
    }
    process = psutil.Popen(
        [sys.executable, "-m", "reseller_webhooks", *words, "--port", str(port)],
        env=os.environ | SETTINGS | databases,
        cwd=directory,
    )
    try:
        server = Server(process, port, path)
        wait_until(server.answers, f"{name} answers")
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Each is started when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def start(name: str) -> Server:
            return stack.enter_context(started(name, tmp_path_factory.mktemp(name)))

        yield start


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    return servers(request.param)


@pytest.fixture
def program(servers: Callable[[str], Server]) -> Server:
    return servers("serve")


@pytest.mark.parametrize("attack", [bombs.header_fields, bombs.header_value, bombs.request_line])
def test_a_head_without_end_takes_neither_memory_nor_time(server: Server, attack: Attack) -> None:
    memory, cpu_s = server.memory(), server.cpu_s()

    told = attack(server.port)

    assert "answered 431" in told or "answered 414" in told
    assert server.memory() < memory + 20
    assert server.cpu_s() < cpu_s + 2


def test_a_request_names_a_host_unless_it_is_of_http_1_0(server: Server) -> None:
    """RFC 9112, 3.2."""
    assert status(said(server.port, b"GET / HTTP/1.1\r\n\r\n")) == 400
    for head in (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close", b"GET / HTTP/1.0"):
        assert status(said(server.port, head + b"\r\n\r\n")) != 400


def test_one_address_cannot_have_every_connection(server: Server) -> None:
    wait_until(server.answers, "it answers")
    memory = server.memory()
    told = connections.many(server.port, within_s=2)

    assert ", 256 after" in told
    assert server.answers()
    assert server.memory() < memory + 40


def test_pipelines_leave_others_their_turn(program: Server) -> None:
    wait_until(program.answers, "it answers")
    httpx.get(f"http://127.0.0.1:{program.port}/openapi.json").raise_for_status()
    memory = program.memory()
    with another_caller(program.call, program.process) as felt:
        told = in_a_process(partial(floods.pipelines, within_s=3), program.port)

    assert not felt.failed
    assert felt.percentile(0.99) < 1000, (felt, told)
    assert felt.peak_mb < memory + 60


def test_rendered_pages_leave_others_their_turn(program: Server) -> None:
    wait_until(program.answers, "it answers")
    pages.make_once(program.port)
    with another_caller(program.call, program.process) as felt:
        told = in_a_process(partial(pages.rendered, within_s=2), program.port)

    assert not felt.failed
    assert felt.percentile(0.99) < 1000, (felt, told)
    assert "of 200" in told


def test_answers_that_nobody_reads_are_not_kept(program: Server) -> None:
    memory = program.memory()
    with another_caller(program.call, program.process) as felt:
        in_a_process(partial(floods.unread_answers, within_s=2), program.port)

    assert felt.percentile(0.99) < 1000, felt
    assert felt.peak_mb < memory + 60


def test_the_metrics_tell_what_was_refused(program: Server) -> None:
    assert status(said(program.port, b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 70_000))) == 414

    text = httpx.get(f"http://127.0.0.1:{program.port}/metrics").text

    assert 'reseller_webhooks_http_refused_total{reason="request_line"}' in text
    assert "reseller_webhooks_http_connections " in text
