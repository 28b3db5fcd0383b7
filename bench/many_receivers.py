"""Many receivers in one process, each on its own port; the first can be told to be dead.

Arguments: directory, how many. Prints their ports, then answers lines on stdin: `dead`, `well`,
`count`, `times` (the path of a file with `receiver webhook-id microseconds status at-once` a
line), `end`. A receiver answers after a few milliseconds, as one that does some work.
"""

import asyncio
import ssl
import sys
import time
from functools import partial
from pathlib import Path

import uvloop

from bench.receiver import ANSWER, Receiver

DEAD = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\nno"
WORK_S = 0.005
seen: list[tuple[int, str, int, int, int]] = []
under_way: dict[int, int] = {}
dead: set[int] = set()


class Neighbour(Receiver):
    """One receiver; 0 is the one that dies."""

    def __init__(self, number: int) -> None:
        self.number = number

    def _received(self, webhook_id: bytes) -> None:
        under_way[self.number] = under_way.get(self.number, 0) + 1
        status = 503 if self.number in dead else 200
        now = time.time_ns() // 1000
        seen.append((self.number, webhook_id.decode(), now, status, under_way[self.number]))
        asyncio.get_running_loop().call_later(WORK_S, self._answer, status)

    def _answer(self, status: int) -> None:
        under_way[self.number] -= 1
        if not self.transport.is_closing():
            self.transport.write(ANSWER if status == 200 else DEAD)


def _listen_to_orders(directory: Path) -> None:
    for line in sys.stdin:
        match line.strip():
            case "dead":
                dead.add(0)
                print("dead", flush=True)
            case "well":
                dead.clear()
                print("well", flush=True)
            case "count":
                print(len(seen), flush=True)
            case "times":
                path = directory / f"street-{time.monotonic_ns()}"
                path.write_text("".join(" ".join(map(str, one)) + "\n" for one in list(seen)))
                print(path, flush=True)
            case _:
                break


async def main(directory: Path, count: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(partial(Neighbour, n), "127.0.0.1", 0, ssl=context, backlog=256)
        for n in range(count)
    ]
    print(*(one.sockets[0].getsockname()[1] for one in servers), flush=True)
    await asyncio.to_thread(_listen_to_orders, directory)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
