"""A receiver on loopback that does what it is told, however rude, and remembers what came."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

HOST = "receiver.test"
LOOPBACK = "127.0.0.1"
WAIT_S = 20.0
"""Only a broken test waits this long."""


async def everything_is_here(_: str) -> Sequence[str]:
    """A name server to which every name is this machine."""
    return [LOOPBACK]


@dataclass(frozen=True, slots=True)
class Request:
    """What came. headers: in the order and the case in which they came."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Conversation:
    """One connection, seen from the receiver."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, owner: "Receiver") -> None:
        self.reader, self.writer, self._owner = reader, writer, owner

    async def request(self) -> Request | None:
        """The next request, or None when the sender has hung up."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        request = _read_head(head)
        length = int(request.header("content-length") or 0)
        body = await self.reader.readexactly(length)
        request = Request(request.method, request.path, request.headers, body)
        await self._owner.note(request)
        return request

    async def say(self, raw: bytes) -> None:
        """Write any bytes."""
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Write a proper answer; in header names _ stands for -."""
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.say("\r\n".join([*lines, "", ""]).encode() + body)

    async def until_hung_up(self) -> None:
        """Say nothing more until the sender has had enough."""
        while await self.reader.read(65536):
            pass


Behaviour = Callable[[Conversation], Awaitable[None]]


class Receiver:
    """A server on loopback, at this address. tls: None for one that speaks plain TCP.

    requests: what came so far. connections: how many were accepted, with TLS done.
    """

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None, address: str = LOOPBACK
    ) -> None:
        self.behaviour, self._tls, self._address = behaviour, tls, address
        self.requests: list[Request] = []
        self.connections = self.hung_up = self.port = 0
        self._changed = asyncio.Condition()
        self._conversations: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/in", host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"

    async def received(self, count: int) -> list[Request]:
        """The requests, once there are as many."""
        await self._until(lambda: len(self.requests) >= count)
        return self.requests

    async def ended(self, count: int) -> None:
        """Wait until as many connections have come to their end."""
        await self._until(lambda: self.hung_up >= count)

    async def note(self, request: Request) -> None:
        self.requests.append(request)
        await self._tell()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._converse, self._address, 0, ssl=self._tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        self.connections += 1
        try:
            # The sender may hang up at any time, and asyncio reports a cancelled one as an error.
            with suppress(OSError, asyncio.CancelledError):
                await self.behaviour(Conversation(reader, writer, self))
        finally:
            writer.transport.abort() if self._tls is None else writer.close()
            self.hung_up += 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(condition)


def _read_head(head: bytes) -> Request:
    first, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in rest))
    return Request(method, path, headers, b"")
