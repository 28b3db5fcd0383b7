"""A receiver that is slow or silent: python -m bench.slow_receiver DIRECTORY. Prints its port.

Requests to /slow are answered 204 after 20 s, those to anything else never. It ends with its input.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from bench.receiver import Receiver, main

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


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), SlowReceiver))
