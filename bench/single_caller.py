"""Callers of `POST /api/v1/changes` with one change a request, in a process of their own.

Reads orders on stdin, a JSON list a line: requests, callers, requests a second (null: as fast as
answers come). Answers a line: seconds from the first request to the last answer, and the path of a
file with `event answered-at-in-microseconds` a line.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.program import Server

RECORDS = 1_000
WEBSITE = "w" * 900


class Caller:
    """The process, and what it is told to do."""

    def __init__(self, directory: Path, server: Server) -> None:
        key = server.api.headers["authorization"].removeprefix("Bearer ")
        words = [str(directory), str(server.port), key, server.reseller]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.single_caller", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, count: int, callers: int, per_s: float | None) -> tuple[float, dict[str, int]]:
        """Seconds that it took, and when each event's request was answered."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([count, callers, per_s]) + "\n")
        self._process.stdin.flush()
        took_s, path = json.loads(self._process.stdout.readline())
        lines = Path(path).read_text().splitlines()
        return took_s, {event: int(at) for event, at in map(str.split, lines)}

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


@dataclass
class Calls:
    """One order. numbers: of the requests that are still to be made."""

    port: int
    key: str
    reseller: str
    numbers: Iterator[int]
    per_s: float | None
    began: float = 0.0
    answered: dict[str, int] = field(default_factory=dict)

    async def call(self) -> None:
        """Make requests on one connection until all are made."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number in self.numbers:
            if self.per_s:
                due = self.began + number / self.per_s
                await asyncio.sleep(due - asyncio.get_running_loop().time())
            writer.write(self._request(number))
            event = await _event(reader)
            self.answered[event] = time.time_ns() // 1000
        writer.close()

    def _request(self, number: int) -> bytes:
        now = time.monotonic_ns()
        change = {"reseller": self.reseller, "type": "COMPANY", "uuid": f"s-{number % RECORDS}"}
        content = {"name": f"Single {now}", "website": WEBSITE}
        body = json.dumps({"changes": [change | {"content": content}]})
        head = (
            "POST /api/v1/changes HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"authorization: Bearer {self.key}\r\nidempotency-key: {now}-{number}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


async def _event(reader: asyncio.StreamReader) -> str:
    """The event that an answer tells of."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(f"refused: {head.decode()}{body.decode()}")
    return str(json.loads(body)["results"][0]["event"])


async def main(directory: Path, port: int, key: str, reseller: str) -> None:
    for line in iter(sys.stdin.readline, ""):
        count, callers, per_s = json.loads(line)
        calls = Calls(port, key, reseller, iter(range(count)), per_s)
        calls.began = asyncio.get_running_loop().time()
        await asyncio.gather(*(calls.call() for _ in range(callers)))
        took_s = asyncio.get_running_loop().time() - calls.began
        path = directory / f"answered-{time.monotonic_ns()}"
        path.write_text("".join(f"{event} {at}\n" for event, at in calls.answered.items()))
        print(json.dumps([took_s, str(path)]), flush=True)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
