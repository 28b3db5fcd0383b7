"""Connections that send the same requests again and again, at little cost to the attacker."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence

SECONDS = 8.0


def ask_again(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    source: str,
    within_s: float = SECONDS,
) -> str:
    """Send the requests in turn over each connection, from an address; counts the answers."""
    until = time.monotonic() + within_s
    found = asyncio.run(_ask_all(port, requests, connections, source, until))
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(found.items()))
    return f"{connections} connections, answers: {answers}"


def get(path: str, *fields: str) -> bytes:
    """A request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


async def _ask_all(
    port: int, requests: Sequence[bytes], connections: int, source: str, until: float
) -> Counter[str]:
    found = Counter[str]()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(_ask(port, requests, source, until, found))
    return found


async def _ask(
    port: int, requests: Sequence[bytes], source: str, until: float, found: Counter[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    for request in itertools.cycle(requests):
        if time.monotonic() > until:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields[b"content-length"]))
        found[head.split(b" ", 2)[1].decode()] += 1
    writer.close()
