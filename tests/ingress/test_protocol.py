"""The bounds of one connection, over a small application that tells what it was given."""

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from reseller_ingress import Ingress, Limits, RefusalReason, bounded
from testkit.processes import wait_until
from testkit.raw_http import (
    STRANGER,
    connected,
    pushed,
    responses,
    said,
    status,
    until,
    until_end,
)

MIB = 1024 * 1024
LIMITS = Limits(
    header_bytes=8192,
    header_fields=50,
    headers_within_s=0.5,
    keep_alive_s=3.0,
    read_within_s=1.0,
    connections=12,
    connections_per_address=8,
    prefix="TEST_",
)
BIG = b"x" * MIB
GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@dataclass
class Served:
    """A server and what it counted."""

    port: int
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    shared: list[Ingress] = field(default_factory=list)

    @property
    def connections(self) -> int:
        return len(self.shared[0])


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers /big with a MiB, /unread before the body, and the rest with what the request was."""
    body, message = b"", {"more_body": scope["path"] != "/unread"}
    while message.get("more_body") and message.get("type") != "http.disconnect":
        message = await receive()
        body += message.get("body", b"")
    told = {
        "path": scope["path"],
        "body": body.decode(),
        "names": [name.decode() for name, _ in scope["headers"]],
    }
    answer = BIG if scope["path"] == "/big" else json.dumps(told).encode()
    length = (b"content-length", str(len(answer)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Served(listening.getsockname()[1])
        options = bounded(
            LIMITS,
            count=lambda reason: made.refused.update([reason]),
            note=made.shared.append,
        )
        config = uvicorn.Config(echo, lifespan="off", log_level="error", **options)
        one = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(one.serve([listening])), daemon=True)
        thread.start()
        wait_until(lambda: one.started, "the server serves")
        yield made
        one.should_exit = True
        thread.join(10)


@pytest.fixture(autouse=True)
def _quiet(server: Served) -> None:
    """Each test begins without connections of the one before."""
    wait_until(lambda: server.connections == 0, "every connection is gone")


def bodies(answers: bytes) -> list[dict[str, Any]]:
    """What the application told of each request, in sequence."""
    return [json.loads(body) for status_, body in responses(answers) if status_ == 200]


ENDLESS = {
    "request line": (b"GET /", b"a" * 4096, 414),
    "query": (b"GET /?", b"a" * 4096, 414),
    "field name": (b"GET / HTTP/1.1\r\n", b"a" * 4096, 431),
    "field value": (b"GET / HTTP/1.1\r\nA: ", b"a" * 4096, 431),
    "fields": (b"GET / HTTP/1.1\r\n", b"A: %s\r\n" % (b"a" * 1000), 431),
    "small fields": (b"GET / HTTP/1.1\r\n", b"A:\r\n", 431),
    "folded field": (b"GET / HTTP/1.1\r\nA: a\r\n", b" a\r\n", 400),
    "empty lines": (b"", b"\r\n" * 2048, 431),
    "chunk extension": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;",
        b"a" * 4096,
        431,
    ),
    "trailers": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"A: %s\r\n" % (b"a" * 1000),
        431,
    ),
    "trailer value": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
        b"a" * 4096,
        431,
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_refused(server: Served, name: str) -> None:
    head, part, expected = ENDLESS[name]
    with connected(server.port) as one:
        one.sendall(head)
        sent = pushed(one, part * (4096 // len(part)), 4 * LIMITS.header_bytes)
        answer = until_end(one)

    assert sent
    assert status(answer) == expected
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        (b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 8192), "TEST_LIMIT_HEADER_BYTES"),
        (b"GET / HTTP/1.1\r\nA: %s\r\n\r\n" % (b"a" * 8192), "TEST_LIMIT_HEADER_BYTES"),
        (b"GET / HTTP/1.1\r\n" + b"A:\r\n" * 51 + b"\r\n", "TEST_LIMIT_HEADER_FIELDS"),
    ],
)
def test_a_refusal_names_the_limit_its_value_and_the_remedy(
    server: Served, request_: bytes, limit: str
) -> None:
    head, _, body = said(server.port, request_).partition(b"\r\n\r\n")
    problem = json.loads(body)
    value = getattr(LIMITS, limit.removeprefix("TEST_LIMIT_").lower())

    assert b"application/problem+json" in head
    assert str(problem["status"]).encode() in head.split(b"\r\n")[0]
    assert limit in problem["detail"]
    assert str(value) in problem["detail"]
    assert "; send " in problem["detail"]


def test_a_head_as_long_as_the_limit_is_taken(server: Served) -> None:
    line, rest = b"GET / HTTP/1.1\r\nHost: a\r\n", b"Connection: close\r\n\r\n"
    value = b"a" * (
        LIMITS.header_bytes - len(b"/" + b"Host: a\r\nA: \r\n" + b"Connection: close\r\n")
    )

    assert status(said(server.port, line + b"A: " + value + b"\r\n" + rest)) == 200


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nA: b", b"G", b"\r\n"])
def test_a_head_that_does_not_end_in_time_is_refused(server: Served, start: bytes) -> None:
    before = server.refused[RefusalReason.HEADERS_LATE]
    with connected(server.port) as one:
        one.sendall(start)
        answer = until_end(one)

    assert status(answer) == 408
    assert b"TEST_LIMIT_HEADERS_WITHIN_S" in answer
    assert server.refused[RefusalReason.HEADERS_LATE] == before + 1


def test_a_head_that_drips_has_no_more_time(server: Served) -> None:
    with connected(server.port) as one:
        one.sendall(b"GET / HTTP/1.1\r\nA: ")
        one.settimeout(0.05)
        got = b""
        for _ in range(200):
            one.sendall(b"a")
            try:
                got = one.recv(4096)
                break
            except TimeoutError:
                continue

    assert status(got) == 408


def test_an_idle_connection_is_kept_longer_than_a_head_may_take(server: Served) -> None:
    with connected(server.port) as idle, connected(server.port) as late:
        idle.sendall(GET % 1)
        until(idle, b"]}")
        late.sendall(b"GET / HT")
        until_end(late)
        idle.sendall(GET % 2)

        assert b"/2" in until(idle, b"/2")


def test_an_address_has_so_many_connections_and_others_have_theirs(server: Served) -> None:
    with connections(server.port, LIMITS.connections_per_address):
        wait_until(lambda: server.connections == LIMITS.connections_per_address, "all are in")
        with connected(server.port) as one:
            refused = until_end(one)
        with connected(server.port, "127.0.0.3") as other:
            other.sendall(LAST)
            answer = until_end(other)

    assert status(refused) == 429
    assert b"TEST_LIMIT_CONNECTIONS_PER_ADDRESS" in refused
    assert b"retry-after: " in refused
    assert status(answer) == 200


def test_a_trusted_proxy_has_as_many_as_there_may_be(server: Served) -> None:
    with connections(server.port, LIMITS.connections_per_address + 1, "127.0.0.1") as several:
        several[-1].sendall(LAST)

        assert status(until_end(several[-1])) == 200


def test_idle_connections_give_way_to_new_ones_and_busy_ones_do_not(server: Served) -> None:
    with connections(server.port, LIMITS.connections, "127.0.0.1") as idle:
        wait_until(lambda: server.connections == LIMITS.connections, "all are in")
        with connected(server.port) as one:
            one.sendall(LAST)
            answer = until_end(one)
        gone = until_end(idle[0])
    assert (status(answer), gone) == (200, b"")
    with connections(server.port, LIMITS.connections, "127.0.0.1") as busy:
        for one in busy:
            one.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        wait_until(lambda: not server.shared[0]._idle, "all are busy")
        with connected(server.port) as one:
            refused = until_end(one)
    assert status(refused) == 503
    assert b"TEST_LIMIT_CONNECTIONS" in refused


class connections:  # noqa: N801 - used as a function
    """So many connections at once."""

    def __init__(self, port: int, number: int, source: str = STRANGER) -> None:
        self._all = [
            socket.create_connection(("127.0.0.1", port), 20, (source, 0)) for _ in range(number)
        ]

    def __enter__(self) -> list[socket.socket]:
        return self._all

    def __exit__(self, *_: object) -> None:
        for one in self._all:
            one.close()


def test_pipelined_requests_are_answered_in_sequence(server: Served) -> None:
    number = 600
    requests = b"".join(GET % n for n in range(number)) + LAST

    told = bodies(said(server.port, requests))

    assert [one["path"] for one in told] == [*(f"/{n}" for n in range(number)), "/last"]


@pytest.mark.parametrize("together", [False, True])
def test_bodies_of_pipelined_requests_reach_them(server: Served, together: bool) -> None:
    body = b"b" * 300_000
    requests = (GET % 1) * 3 + b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    with connected(server.port) as one:
        if together:
            one.sendall(requests + body + LAST)
        else:
            one.sendall(requests)
            until(one, b"]}", 3)
            one.sendall(body + LAST)
        told = bodies(until_end(one))

    assert [one["path"] for one in told[-2:]] == ["/2", "/last"]
    assert told[-2]["body"] == body.decode()


def test_a_body_that_goes_on_after_its_answer_is_discarded_slowly(server: Served) -> None:
    part = b"a" * 65_536
    endless = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % 10**12
    with connected(server.port) as one:
        one.sendall(endless)
        until(one, b"]}")
        sent = pushed(one, part, 1024 * MIB)

    assert sent < 40 * MIB


def test_a_connection_serves_on_after_a_body_that_was_not_read(server: Served) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (2 * MIB)
    with connected(server.port) as one:
        one.sendall(head)
        until(one, b"]}")
        one.sendall(b"a" * 2 * MIB + LAST)
        told = bodies(until_end(one))

    assert [each["path"] for each in told] == ["/last"]


def test_what_is_wrong_is_told_after_the_answers_to_what_was_right(server: Served) -> None:
    answers = responses(said(server.port, (GET % 1) * 5 + b"WRONG\r\n\r\n"))

    assert [status_ for status_, _ in answers] == [200] * 5 + [400]


def test_who_never_reads_takes_little_and_is_cut_off(server: Served) -> None:
    with connected(server.port) as one:
        one.settimeout(0.2)
        sent = pushed(one, b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 100, 8 * MIB)
        wait_until(lambda: server.connections == 0, "the connection is gone")

    assert sent < 8 * MIB


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
AMBIGUOUS = {
    "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    "signed length": b"Content-Length: +5\r\n\r\nhello",
    "list of lengths": b"Content-Length: 5, 0\r\n\r\nhello",
    "another encoding": b"Transfer-Encoding: xchunked\r\n\r\n",
    "another encoding before": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two encodings": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"Host: b\r\n\r\n",
    "two credentials": b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "chunked is not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "space before colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "bare line feed": b"A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare carriage return": b"A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded field": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "signed chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "chunk ends with line feed": b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_nothing_is_taken_for_a_request_that_a_proxy_may_see_as_a_body(
    server: Served, name: str
) -> None:
    answers = said(server.port, b"POST / HTTP/1.1\r\nHost: a\r\n" + AMBIGUOUS[name] + SMUGGLED)

    assert status(answers) == 400
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"smuggled" not in answers


HOSTS = {
    "empty": b"",
    "two in one field": b"localhost, evil.example",
    "two without a space": b"localhost,evil.example",
    "space": b"local host",
    "user information": b"evil.example@localhost",
    "path": b"localhost/evil",
    "backslash": b"localhost\\evil",
    "query": b"localhost?evil",
    "escape": b"local%68ost",
    "letters in a port": b"localhost:80a",
    "port of 5,000 digits": b"localhost:" + b"9" * 5000,
    "port beyond 65535": b"localhost:65536",
    "two ports": b"localhost:1:2",
    "open bracket": b"[::1",
    "no address in brackets": b"[1.2.3.4]",
    "zone": b"[fe80::1%25eth0]",
    "another script": "höst".encode(),
    "dots alone": b".",
    "long": b"a" * 256,
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_field_that_is_no_host_is_refused(server: Served, name: str) -> None:
    answer = said(server.port, b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % HOSTS[name])

    assert status(answer) == 400
    assert b"Host field" in answer


@pytest.mark.parametrize(
    "host", [b"a", b"A.example.", b"my_service:8000", b"10.1.2.3:65535", b"[::1]:8000", b"a:"]
)
def test_a_host_field_with_a_name_or_an_address_is_taken(server: Served, host: bytes) -> None:
    head = b"GET /1 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host

    assert status(said(server.port, head)) == 200


@pytest.mark.parametrize(("target", "expected"), [(b"http://A/1", 200), (b"http://evil/1", 400)])
def test_a_url_in_the_request_line_is_of_the_same_host(
    server: Served, target: bytes, expected: int
) -> None:
    head = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target

    assert status(said(server.port, head)) == expected


def test_a_transfer_coding_by_http_1_0_is_refused(server: Served) -> None:
    head = b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    answers = said(server.port, head + b"0\r\n\r\n" + SMUGGLED)

    assert (status(answers), answers.count(b"HTTP/1.1 ")) == (400, 1)


@pytest.mark.parametrize("together", [False, True])
def test_the_body_of_a_request_that_wishes_for_another_protocol_is_its_body(
    server: Served, together: bool
) -> None:
    head = (
        b"POST /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    )
    with connected(server.port) as one:
        one.sendall(head + SMUGGLED if together else head)
        if not together:
            wait_until(lambda: server.connections == 1, "it is connected")
            one.sendall(SMUGGLED)
        told = bodies(until_end(one))

    assert [(one["path"], one["body"]) for one in told] == [("/first", SMUGGLED.decode())]
    assert "upgrade" not in told[0]["names"]


def test_a_trailer_is_no_header(server: Served) -> None:
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    told = bodies(
        said(
            server.port,
            b"POST / HTTP/1.1\r\nHost: a\r\n"
            + chunked
            + b"2\r\nhi\r\n0\r\nAuthorization: x\r\n\r\n",
        )
    )

    assert told[0]["body"] == "hi"
    assert "authorization" not in told[0]["names"]
