"""A token server that is slow, or answers too much: python -m attack.token_server DIRECTORY.

Requests to /slow are answered after 20 s, to /large with a token of 1 MiB, and to /changing with
another token each time, which is good for a second. Anything else is answered 200 at once. Prints
its port; it ends with its input.
"""

import asyncio
import itertools
import sys
from pathlib import Path

import uvloop

from bench.receiver import ANSWER, Receiver, main

SLOW, LARGE, CHANGING = "/slow", "/large", "/changing"
AFTER_S = 20.0
LARGE_BYTES = 2**20
_numbers = itertools.count()


class TokenServer(Receiver):
    """One connection."""

    _path = ""

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"POST "):
            self._path = data.split(b" ", 2)[1].decode()
        super().data_received(data)

    def _received(self, _: bytes) -> None:
        if self._path.startswith(SLOW):
            asyncio.get_running_loop().call_later(AFTER_S, self._write, _token("slow"))
        elif self._path.startswith(LARGE):
            self._write(_token("a" * LARGE_BYTES))
        elif self._path.startswith(CHANGING):
            self._write(_token(f"token-{next(_numbers)}"))
        else:
            self._write(ANSWER)

    def _write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


def _token(token: str) -> bytes:
    body = f'{{"access_token": "{token}", "token_type": "Bearer", "expires_in": 1}}'.encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), TokenServer))
