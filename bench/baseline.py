"""The yardstick: a bare aiohttp loop, keep-alive, TLS, the same bodies to the same receiver.

Runs in a process of its own, as the server does. Arguments: directory, url, count, at once, and
the file with the body. Prints posts per second and CPU microseconds per post.
"""

import asyncio
import ssl
import sys
import time
from pathlib import Path

import aiohttp
import uvloop


async def main(directory: Path, url: str, count: int, at_once: int, body: bytes) -> None:
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    left = count

    async def post(session: aiohttp.ClientSession) -> None:
        nonlocal left
        headers = {"content-type": "application/json", "webhook-id": "bare"}
        while left > 0:
            left -= 1
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=connector) as session:
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(post(session) for _ in range(at_once)))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{count / took} {cpu / count * 1e6}")


if __name__ == "__main__":
    folder, target, number, parallel, file = sys.argv[1:]
    uvloop.run(main(Path(folder), target, int(number), int(parallel), Path(file).read_bytes()))
