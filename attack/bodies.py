"""Bodies of 10 MiB, many at once, and bodies that never end; with and without a key."""

import concurrent.futures
import contextlib
import socket
import time
from collections import Counter
from functools import partial
from math import inf

from attack.measuring import measured
from bench.program import Server
from testkit.raw_http import CHUNK, connected, status

SECONDS = 8.0
CONNECTIONS = 40
MIB = 2**20
LENGTH = 10 * MIB
PART = b" " * (64 * 1024)
IN_CHUNKS = b"%x\r\n%s\r\n" % (len(PART), PART)
HEAD = "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{}"


def bodies(server: Server) -> str:
    """40 connections for each kind of body: one line for each."""
    reseller = server.command("resellers", "add", "Bodies")
    key = server.command("api-keys", "add", "--reseller", reseller)
    told = [
        f"{name}: {measured(server, partial(flood, path=path, key=shown, is_endless=is_endless))}"
        for name, path, shown, is_endless in (
            ("10 MiB without a key", "/api/v1/changes", "", False),
            ("10 MiB with a key", "/api/v1/changes", key, False),
            ("endless without a key", "/sign-in", "", True),
            ("endless with a key", "/api/v1/webhooks", key, True),
        )
    ]
    return "\n  ".join(["", *told])


def flood(port: int, path: str, key: str, *, is_endless: bool) -> str:
    """Send such bodies over 40 connections again and again."""
    fields = f"Authorization: Bearer {key}\r\n" if key else ""
    fields += "Transfer-Encoding: chunked" if is_endless else f"Content-Length: {LENGTH}"
    head = f"{HEAD.format(path, fields)}\r\n\r\n".encode()
    until = time.monotonic() + SECONDS
    part, length = (IN_CHUNKS, inf) if is_endless else (PART, LENGTH)
    every = [(port, head, part, length, until)] * CONNECTIONS
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
        found = sum(threads.map(lambda each: _send(*each), every), Counter[str]())
    sent = found.pop("MiB", 0)
    answers = ", ".join(f"{number} of {answer}" for answer, number in sorted(found.items()))
    return f"{CONNECTIONS} connections, {sent} MiB sent, answers: {answers}"


def _send(port: int, head: bytes, part: bytes, length: float, until: float) -> Counter[str]:
    found: Counter[str] = Counter()
    while time.monotonic() < until:
        try:
            with connected(port) as one:
                one.settimeout(5)
                one.sendall(head)
                found["MiB"] += _body(one, part, length, until) // MIB
                found[str(status(one.recv(CHUNK)))] += 1
        except OSError as error:
            found[type(error).__name__] += 1
    return found


def _body(one: socket.socket, part: bytes, length: float, until: float) -> int:
    """Send a body as far as it is taken; how many bytes were."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < length and time.monotonic() < until:
            one.sendall(part)
            sent += len(part)
    return sent
