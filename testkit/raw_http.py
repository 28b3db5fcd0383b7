"""Bytes to a server and back, as they are on the wire."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

WITHIN_S = 20.0
STRANGER = "127.0.0.2"
"""A loopback address that is no trusted proxy, as 127.0.0.1 is by default."""
CHUNK = 64 * 1024


@contextmanager
def connected(port: int, source: str = STRANGER) -> Iterator[socket.socket]:
    """A connection from that address."""
    with socket.create_connection(("127.0.0.1", port), WITHIN_S, (source, 0)) as one:
        yield one


def until_end(one: socket.socket, within_s: float = WITHIN_S) -> bytes:
    """All that comes until the other side closes. TimeoutError if it does not."""
    got = bytearray()
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        one.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            part = one.recv(CHUNK)
        except ConnectionError:
            return bytes(got)
        if not part:
            return bytes(got)
        got += part
    raise TimeoutError(f"the connection is still open after {within_s:g} s; it said {got[:200]!r}")


def until(one: socket.socket, mark: bytes, times: int = 1) -> bytes:
    """All that comes until the mark came so many times."""
    got = bytearray()
    one.settimeout(WITHIN_S)
    while got.count(mark) < times:
        part = one.recv(CHUNK)
        if not part:
            raise AssertionError(f"closed before {mark!r}: {bytes(got[-300:])!r}")
        got += part
    return bytes(got)


def said(port: int, request: bytes) -> bytes:
    """What a server answers to these bytes until it closes the connection."""
    with connected(port) as one:
        one.sendall(request)
        return until_end(one)


def pushed(one: socket.socket, part: bytes, bytes_max: int) -> int:
    """Send a part again and again, until it is refused or enough was sent; how much was."""
    sent = 0
    try:
        while sent < bytes_max:
            sent += one.send(part)
    except (ConnectionError, TimeoutError):
        pass
    return sent


def status(answer: bytes) -> int:
    """Of the first response."""
    return int(answer.split(b" ", 2)[1])


def responses(answers: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each, by their content-length."""
    found = []
    while answers:
        head, _, answers = answers.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        found.append((status(head), answers[:size]))
        answers = answers[size:]
    return found
