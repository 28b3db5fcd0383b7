"""Many connections, and headers that never end."""

import contextlib
import socket
import time
from collections.abc import Iterator

from testkit.raw_http import STRANGER

NUMBER = 1500
SECONDS = 15.0
EVERY_S = 0.5


def slow_headers(port: int) -> str:
    """1,500 requests from one address whose headers grow by a byte every half second."""
    return _held(port, b"GET / HTTP/1.1\r\nA: ", b"a")


def many(port: int, within_s: float = SECONDS) -> str:
    """1,500 connections of one address that say nothing."""
    return _held(port, b"", b"", within_s)


def _held(port: int, start: bytes, drop: bytes, within_s: float = SECONDS) -> str:
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        every = [stack.enter_context(one) for one in _connections(port)]
        for one in every:
            _send(one, start)
        most = left = len(_open(every))
        while left and time.monotonic() - begun < within_s:
            for one in every:
                _send(one, drop)
            time.sleep(EVERY_S)
            left = len(_open(every))
    return f"{NUMBER} connections, {most} stayed at first, {left} after {within_s:g} s"


def _connections(port: int) -> Iterator[socket.socket]:
    for _ in range(NUMBER):
        with contextlib.suppress(OSError):
            one = socket.create_connection(("127.0.0.1", port), 5, (STRANGER, 0))
            one.setblocking(False)
            yield one


def _send(one: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        one.send(data)


def _open(every: list[socket.socket]) -> list[socket.socket]:
    """Connections that the server has neither answered nor closed."""
    return [one for one in every if _is_open(one)]


def _is_open(one: socket.socket) -> bool:
    try:
        one.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
