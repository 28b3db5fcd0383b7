"""A real nats-server with JetStream that can be killed and started again on what it has kept."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg, StorageType
from nats.js.errors import NotFoundError

from testkit.ports import free_port

BINARY = Path(sys.executable).with_name("nats-server")


class Nats:
    """A server on a port of its own; its streams are in a directory that outlives it."""

    def __init__(self, directory: Path, *words: str, jetstream: bool = True) -> None:
        self._words = [*(["-js", "-sd", str(directory)] if jetstream else []), *words]
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start, or start again after kill()."""
        self._process = subprocess.Popen(
            [BINARY, "-a", "127.0.0.1", "-p", f"{self.port}", *self._words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @asynccontextmanager
    async def client(self, url: str | None = None) -> AsyncIterator[Client]:
        """A connection, as soon as the server takes it."""
        while True:
            try:
                client = await nats.connect(
                    url or self.url,
                    error_cb=_unheard,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0.02,
                )
                break
            except (OSError, nats.errors.Error):
                await asyncio.sleep(0.02)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def js(self) -> AsyncIterator[JetStreamContext]:
        """JetStream, over a connection of its own."""
        async with self.client() as client:
            yield client.jetstream()


async def _unheard(error: Exception) -> None:
    """It is tried again."""


async def make_stream(js: JetStreamContext, name: str, *subjects: str) -> None:
    await js.add_stream(name=name, subjects=list(subjects), storage=StorageType.FILE)


async def messages(js: JetStreamContext, stream: str) -> list[RawStreamMsg]:
    """Everything in a stream; nothing while it is not there."""
    try:
        state = (await js.stream_info(stream)).state
    except NotFoundError:
        return []
    held = range(max(state.first_seq, 1), state.last_seq + 1)
    return await asyncio.gather(*(js.get_msg(stream, sequence) for sequence in held))


async def eventually(asked: Any) -> Any:
    """What is true in the end."""
    async with asyncio.timeout(20):
        while True:
            if found := await asked():
                return found
            await asyncio.sleep(0.01)
