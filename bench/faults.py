"""A proxy that breaks what passes: drops, delays, doubles and reorders requests, over real TLS."""

import asyncio
import random
import ssl
import threading
from collections import Counter
from pathlib import Path

import aiohttp
from aiohttp import web

FAULTS = {"dropped": 0.05, "failed": 0.03, "delayed": 0.05, "doubled": 0.05, "reordered": 0.05}
"""The chance of each. A dropped one was answered 200 and is gone; a failed one is sent again."""
LATER_S = 2.0


class FaultProxy:
    """Listens on a port of its own, in a thread of its own, in front of `target`."""

    def __init__(
        self, directory: Path, target: str, seed: int, faults: dict[str, float] = FAULTS
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._directory, self._target, self._faults = directory, target, faults
        self._chance = random.Random(seed)  # noqa: S311 - faults are no secrets
        self._later: set[asyncio.Task[int]] = set()
        self._listens = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()
        self._listens.wait()

    def idle(self) -> bool:
        """Whether nothing is held back any more."""
        return not self._later

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._pass)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._directory / "server.pem")
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        trusted = ssl.create_default_context(cafile=str(self._directory / "ca.pem"))
        connector = aiohttp.TCPConnector(ssl=trusted, limit=64)
        async with aiohttp.ClientSession(connector=connector) as self._session:
            self._listens.set()
            await asyncio.Event().wait()

    async def _pass(self, request: web.Request) -> web.Response:
        body = await request.read()
        [fault] = self._chance.choices(
            [*self._faults, "passed"], [*self._faults.values(), 1 - sum(self._faults.values())]
        )
        self.counts["received"] += 1
        self.counts[fault] += 1
        if fault == "dropped":
            return web.Response(status=200)
        if fault == "failed":
            return web.Response(status=503)
        if fault == "reordered":
            self._send_later(request, body)
            return web.Response(status=200)
        if fault == "doubled":
            self._send_later(request, body)
        if fault == "delayed":
            await asyncio.sleep(self._chance.uniform(0, LATER_S))
        return web.Response(status=await self._forward(request, body))

    def _send_later(self, request: web.Request, body: bytes) -> None:
        task = self._loop.create_task(
            self._forward(request, body, self._chance.uniform(0, LATER_S))
        )
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _forward(self, request: web.Request, body: bytes, wait_s: float = 0) -> int:
        await asyncio.sleep(wait_s)
        headers = {
            n: v for n, v in request.headers.items() if n.lower().startswith(("webhook", "con"))
        }
        try:
            async with self._session.post(self._target, data=body, headers=headers) as answer:
                return answer.status
        except (aiohttp.ClientError, OSError):
            return 502
