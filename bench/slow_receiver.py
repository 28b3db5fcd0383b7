"""A receiver that is slow or silent: python -m bench.slow_receiver DIRECTORY. Prints its port.

Requests to /slow are answered 204 after 20 s, those to anything else never. It ends with its input.
"""

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Self

import uvloop

from bench.receiver import Receiver

SLOW, SILENT = "/slow", "/silent"
AFTER_S = 20.0
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class SlowReceiver(Receiver):
    """One connection."""

    _is_slow = False

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"POST "):
            self._is_slow = data.startswith(b"POST " + SLOW.encode())
        super().data_received(data)

    def _received(self, _: bytes) -> None:
        if self._is_slow:
            asyncio.get_running_loop().call_later(AFTER_S, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)


class SlowReceiverProcess:
    """`with SlowReceiverProcess(directory) as receiver`. port: where it listens."""

    def __init__(self, directory: Path) -> None:
        self._words = [sys.executable, "-m", "bench.slow_receiver", str(directory)]
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


async def main(directory: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(SlowReceiver, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
