"""The mirror's source asks over one connection, and over another one when that is closed."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from reseller_mirror import keep_alive, source
from reseller_mirror.source import Source
from testkit.processes import wait_until
from tests.receivers.authority import Authority

PAGES = 5


class Platform(ThreadingHTTPServer):
    """Serves PAGES pages of a record each. How it behaves is set by its fields."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls is not None:
            scheme = "https"
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        self.connections = self.closed = self.requests = 0
        self.closes_after_each = False
        self.refuses = 0
        self.hangs_after: int | None = None
        self.release = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up, or trusts no certificate, is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def finish(self) -> None:
        super().finish()
        self.server.closed += 1

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.server.requests += 1
        if self.server.hangs_after is not None and self.server.requests > self.server.hangs_after:
            self.server.release.wait(30)
        status = 200
        if self.server.refuses:
            self.server.refuses -= 1
            status = 503
        number = int(self.path.partition("cursor=")[2] or 0)
        record = {"uuid": f"u{number}", "version": 1, "content": {}}
        is_last = number == PAGES - 1
        page = {"items": [record], "nextCursor": number + 1, "hasMore": not is_last}
        body = json.dumps(page).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= self.server.closes_after_each


@pytest.fixture
def platform() -> Iterator[Platform]:
    with serving(Platform()) as one:
        yield one


@contextmanager
def serving(one: Platform) -> Iterator[Platform]:
    thread = threading.Thread(target=one.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield one
    finally:
        one.release.set()
        one.shutdown()
        thread.join()
        one.server_close()


def uuids(asked: Source) -> list[str]:
    return [one.uuid for page in asked.records("COMPANY") for one in page]


EVERY = [f"u{number}" for number in range(PAGES)]


def test_pages_come_over_one_verified_connection(tmp_path: Path) -> None:
    authority = Authority()
    with serving(Platform(authority.serves("127.0.0.1"))) as platform:
        asked = Source(platform.url, "key", ca_file=authority.write(tmp_path))

        assert uuids(asked) == EVERY
        assert (platform.connections, platform.requests) == (1, PAGES)
        asked.close()
        wait_until(lambda: platform.closed == 1, "the connection is closed")
        with pytest.raises(ssl.SSLCertVerificationError, match="CERTIFICATE_VERIFY_FAILED"):
            uuids(Source(platform.url, "key"))


def test_a_connection_that_the_platform_has_closed_is_replaced(platform: Platform) -> None:
    platform.closes_after_each = True
    asked, found = Source(platform.url, "key"), []
    for number, page in enumerate(asked.records("COMPANY"), 1):
        found += [one.uuid for one in page]
        wait_until(lambda number=number: platform.closed == number, "it is closed")  # type: ignore[misc]

    assert found == EVERY
    assert (platform.connections, platform.requests) == (PAGES, PAGES)


def test_an_idle_connection_is_not_trusted_for_long(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_alive, "REUSE_WITHIN_S", 0.0)

    assert uuids(Source(platform.url, "key")) == EVERY
    assert platform.connections == PAGES


def test_a_refusal_is_an_error_with_its_status_and_keeps_the_connection(
    platform: Platform,
) -> None:
    platform.refuses = 1
    asked = Source(platform.url, "key")
    with pytest.raises(HTTPError, match="503: Service Unavailable"):
        uuids(asked)

    assert uuids(asked) == EVERY
    assert platform.connections == 1


def test_a_request_that_takes_too_long_is_not_sent_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TIMEOUT_S", 0.5)
    platform.hangs_after = 2
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        uuids(Source(platform.url, "key"))

    assert time.monotonic() - begun < 20
    assert platform.requests == 3
