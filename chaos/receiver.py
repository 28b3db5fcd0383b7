"""A receiver that logs every notification and answers as it is told, in a process of its own.

Run with a directory that holds server.pem. It prints its port, then takes orders on stdin:
`answer PATH STATUS DELAY_S` sets how requests to PATH are answered from now on, `log` answers the
path of the log, `certificate` reads server.pem again and closes all connections, `end` ends. The
log has one JSON line for each request, written once it was answered; instants are microseconds
since the epoch.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, cast

import uvloop

Answer = tuple[int, float]
ACCEPT: Answer = (200, 0.0)
HOST = "0.0.0.0"  # noqa: S104 - also where webhooks must not lead


class Receiver:
    """The answers, by path, and the log."""

    def __init__(self, log: TextIO, renew: Callable[[], None]) -> None:
        self._log = log
        self._renew = renew
        self._loop = asyncio.get_running_loop()
        self._answers: dict[str, Answer] = {}
        self.transports: set[asyncio.WriteTransport] = set()

    def answer(self, path: str) -> Answer:
        return self._answers.get(path, ACCEPT)

    def obey(self, order: str) -> str:
        match order.split():
            case ["answer", path, status, delay_s]:
                self._answers[path] = (int(status), float(delay_s))
                return "ok"
            case ["log"]:
                self._log.flush()
                return self._log.name
            case ["certificate"]:
                self._renew()
                asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result()
                return "ok"
            case _:
                return ""

    async def _close_all(self) -> None:
        for transport in list(self.transports):
            transport.close()

    def write(self, line: dict[str, object]) -> None:
        self._log.write(json.dumps(line) + "\n")


class Connection(asyncio.Protocol):
    """Just enough HTTP/1.1 for requests with a content-length, one at a time."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._receiver.transports.add(self._transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._receiver.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while request := self._next_request():
            self._begin(*request)

    def _next_request(self) -> tuple[str, dict[str, str], bytes] | None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        path, headers = _parse(head)
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return path, headers, rest[:length]

    def _begin(self, path: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = path.partition("?")
        status, delay_s = self._receiver.answer(path)
        line = {"path": path, "query": query, "started": _now(), "status": status} | _facts(
            headers, body
        )
        asyncio.get_running_loop().call_later(delay_s, self._end, line)

    def _end(self, line: dict[str, object]) -> None:
        self._receiver.write(line | {"ended": _now()})
        if not self._transport.is_closing():
            status = f"HTTP/1.1 {line['status']} Told\r\ncontent-length: 0\r\n\r\n"
            self._transport.write(status.encode())


def _parse(head: bytes) -> tuple[str, dict[str, str]]:
    request_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return request_line.split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs}


def _facts(headers: dict[str, str], body: bytes) -> dict[str, object]:
    notification = json.loads(body)
    return {
        "id": headers.get("webhook-id", ""),
        "attempt": int(headers.get("x-webhook-attempt", "0")),
        "signed": int(headers.get("webhook-timestamp", "0")),
        "signatures": len(headers.get("webhook-signature", "").split()),
        "event": notification["uuid"],
        "record": notification["resource"]["uuid"],
        "version": notification["resourceVersion"],
        "name": notification["resource"].get("content", {}).get("name", ""),
    }


def _now() -> int:
    return time.time_ns() // 1000


def _take_orders(receiver: Receiver) -> None:
    for line in sys.stdin:
        print(receiver.obey(line), flush=True)
        if line.strip() == "end":
            return


async def main(directory: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def renew() -> None:
        context.load_cert_chain(directory / "server.pem")

    renew()
    with (directory / f"received-{time.monotonic_ns()}.jsonl").open("w") as log:
        receiver = Receiver(log, renew)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(receiver), HOST, 0, ssl=context, backlog=1024
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(_take_orders, receiver)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
