"""Runs a receiver exactly as docs/receive.md prints it, behind something that ends TLS."""

import asyncio
import os
import re
import socket
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.program import free_port
from tests.receivers.receiver import HOST, LOOPBACK, WAIT_S

DOCUMENT = Path(__file__).parents[2] / "docs" / "receive.md"
SERVE = Path(__file__).parent / "serve.py"
MARKED = re.compile(r"<!-- runs in the tests: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
PRINTED = dict(MARKED.findall(DOCUMENT.read_text()))
AGAIN_S = 0.02
"""Nobody tells when a program listens, so it is asked until it does."""


def command(name: str) -> list[str]:
    """How the document's file is run."""
    if name.endswith(".mjs"):
        return ["node", name]
    if name == "receiver.py":
        return [sys.executable, name]
    return [sys.executable, str(SERVE), name.removesuffix(".py")]


class Printed:
    """The receiver while it runs. port: where it speaks plain HTTP. url: where TLS ends."""

    def __init__(self, process: Process, port: int, url: str) -> None:
        self._process, self.port, self.url = process, port, url

    async def line(self) -> list[str]:
        """The next line that it prints, in words."""
        assert self._process.stdout
        async with asyncio.timeout(WAIT_S):
            return (await self._process.stdout.readline()).decode().split()

    async def exchange(self, raw: bytes) -> bytes:
        """Send these bytes and nothing more; what it answers, to the end."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def printed(
    name: str, folder: Path, secret: str, tls: ssl.SSLContext, tls_at: socket.socket
) -> AsyncIterator[Printed]:
    """Run it. tls_at: a bound socket, whose port the webhook's URL has."""
    (folder / name).write_text(PRINTED[name])
    port = free_port()
    given = os.environ | {"SECRET": secret, "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        *command(name), cwd=folder, env=given, stdout=PIPE, stderr=DEVNULL
    )

    async def behind(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            theirs = await asyncio.open_connection(LOOPBACK, port)
            await asyncio.gather(_pour(reader, theirs[1]), _pour(theirs[0], writer))

    ends_tls = await asyncio.start_server(behind, sock=tls_at, ssl=tls)
    try:
        await _listens(process, port)
        url = f"https://{HOST}:{tls_at.getsockname()[1]}/in"
        yield Printed(process, port, url)
    finally:
        ends_tls.close()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _pour(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def _listens(process: Process, port: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            assert process.returncode is None, "it ended before it listened"
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(AGAIN_S)
                continue
            writer.close()
            return
