"""A receiver that costs next to nothing: TLS, keep-alive, 200 for everything, in its own process.

Prints its port, then answers lines on stdin: `count` how many notifications came, `times` the
path of a file with `webhook-id received-at-in-microseconds` a line, `reset`, `end`.
"""

import asyncio
import ssl
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
seen: list[tuple[bytes, int]] = []


class Receiver(asyncio.Protocol):
    """Just enough HTTP/1.1 for requests with a content-length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = int(_value(head, b"\r\ncontent-length:"))
            whole = end + 4 + length
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self._received(_value(head, b"\r\nwebhook-id:"))

    def _received(self, webhook_id: bytes) -> None:
        seen.append((webhook_id, time.time_ns() // 1000))
        self.transport.write(ANSWER)


def _value(head: bytes, name: bytes) -> bytes:
    start = head.find(name)
    if start < 0:
        return b"0"
    start += len(name)
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()


def _listen_to_orders(directory: Path) -> None:
    for line in sys.stdin:
        match line.strip():
            case "count":
                print(len(seen), flush=True)
            case "times":
                path = directory / f"times-{time.monotonic_ns()}"
                path.write_text("".join(f"{i.decode()} {at}\n" for i, at in seen))
                print(path, flush=True)
            case "reset":
                seen.clear()
                print("0", flush=True)
            case _:
                break


async def main(directory: Path, protocol: type[Receiver] = Receiver) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(_listen_to_orders, directory)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
