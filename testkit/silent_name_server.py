"""A name server on loopback that takes questions and never answers, and a resolver that asks it."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

SILENT = ".silent.test"
"""Names that end so are asked of the name server; all others are this machine."""
THREADS = 64
"""As many look-ups at once as the program makes with the system's resolver."""
ENDS_WITHIN_S = 5.0


class SilentNameServer:
    """`with SilentNameServer() as server`. asked: who sent a question.

    At its end it answers them all at last, so that nobody's thread outlives it for long.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.asked: list[tuple[str, int]] = []
        self._thread = Thread(target=self._take_questions, daemon=True)

    @property
    def port(self) -> int:
        """Where it takes questions."""
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(ENDS_WITHIN_S)
        self._socket.close()

    def _take_questions(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            if not question:
                break
            self.asked.append(sender)
        for sender in self.asked:
            self._socket.sendto(b"too late", sender)


class BlockingResolver:
    """Addresses of names: a question holds a thread until it is answered or patience ends.

    patience_s: the system's resolver asks twice and waits 5 s each time, unless told otherwise.
    """

    def __init__(self, port: int, *, patience_s: float = 5.0, tries: int = 2) -> None:
        self._address = ("127.0.0.1", port)
        self._patience_s, self._tries = patience_s, tries
        self._threads = ThreadPoolExecutor(THREADS)

    async def __call__(self, host: str) -> Sequence[str]:
        """Look a name up. gaierror when nobody answers."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._look_up, host)

    def close(self) -> None:
        """Begin no more look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, host: str) -> Sequence[str]:
        if not host.endswith(SILENT):
            return ["127.0.0.1"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(self._patience_s)
            for _ in range(self._tries):
                asking.sendto(_question(host), self._address)
                with suppress(TimeoutError):
                    asking.recv(512)
                    break
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def _question(host: str) -> bytes:
    """For the IPv4 addresses of a name (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    return struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
